//! Words that documents and catalogs hold as text: an enum of the known ones that keeps every other word as it is.

/// Makes the enum and the one list of its names. Documents hold the name, and enums are sorted by it.
macro_rules! open_enum {
    ($(#[$meta:meta])* $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $type {
            $($(#[$variant_meta])* $variant,)+
            /// Another word: of a server, or of a version of this program, that is newer.
            Unknown(String),
        }

        impl $type {
            /// Every word that is known.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// The word as catalogs and documents have it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Unknown(name) => name,
                }
            }
        }

        impl From<&str> for $type {
            fn from(name: &str) -> Self {
                let known = Self::KNOWN.iter().find(|known| known.as_str() == name);
                known.cloned().unwrap_or_else(|| Self::Unknown(name.to_owned()))
            }
        }

        impl From<String> for $type {
            fn from(name: String) -> Self {
                Self::from(name.as_str())
            }
        }

        impl From<$type> for String {
            fn from(word: $type) -> Self {
                word.as_str().to_owned()
            }
        }

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use crate::model::base_type::BaseType;
    use crate::model::objects::{IndexKind, ObjectKind};

    /// What is read from a document is written as it was.
    fn unchanged<T: serde::Serialize + for<'d> serde::Deserialize<'d>>(name: &str) -> T {
        let json = serde_json::to_string(name).unwrap();
        let word: T = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&word).unwrap(), json);
        word
    }

    #[test]
    fn a_word_in_a_document_is_its_name_and_an_unknown_one_is_kept() {
        for ty in BaseType::KNOWN {
            assert_eq!(unchanged::<BaseType>(ty.as_str()), *ty);
        }
        for kind in IndexKind::KNOWN {
            assert_eq!(unchanged::<IndexKind>(kind.as_str()), *kind);
        }
        for kind in ObjectKind::KNOWN {
            assert_eq!(unchanged::<ObjectKind>(kind.as_str()), *kind);
        }
        assert_eq!(unchanged::<BaseType>("of 2035"), BaseType::Unknown("of 2035".to_owned()));
    }
}
