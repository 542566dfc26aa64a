//! ONE table of the keys of a connection string: what each means, in a URL, an ADO.NET and a JDBC string alike.

/// What a key of any of the three syntaxes means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Server,
    Port,
    Instance,
    Database,
    User,
    Password,
    Encrypt,
    Trust,
    CaFile,
    HostName,
    PacketSize,
    ConnectTimeout,
    ReadTimeout,
    ReadTimeoutMillis,
    Application,
    Intent,
    Integrated,
    Authentication,
    /// Known, and without a meaning here.
    Ignored,
}

impl Key {
    /// The name that is suggested for each that has a meaning.
    pub(super) const NAMES: [&str; 18] = [
        "server",
        "port",
        "instance",
        "database",
        "user",
        "password",
        "encrypt",
        "trustServerCertificate",
        "serverCertificate",
        "hostNameInCertificate",
        "packetSize",
        "connectTimeout",
        "readTimeout",
        "socketTimeout",
        "applicationName",
        "applicationIntent",
        "integratedSecurity",
        "authentication",
    ];

    /// The table. Case, blanks, `_` and `-` do not count. None: no such key is known.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let plain: String = name
            .chars()
            .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'))
            .flat_map(char::to_lowercase)
            .collect();
        Some(match plain.as_str() {
            "server" | "datasource" | "addr" | "address" | "networkaddress" | "servername" | "host" => {
                Self::Server
            }
            "port" | "portnumber" => Self::Port,
            "instance" | "instancename" => Self::Instance,
            "database" | "initialcatalog" | "databasename" => Self::Database,
            "user" | "userid" | "uid" | "username" => Self::User,
            "password" | "pwd" => Self::Password,
            "encrypt" | "encryption" => Self::Encrypt,
            "trustservercertificate" | "trustcert" => Self::Trust,
            "servercertificate" | "cafile" | "certificate" => Self::CaFile,
            "hostnameincertificate" => Self::HostName,
            "packetsize" => Self::PacketSize,
            "connecttimeout" | "connectiontimeout" | "timeout" | "logintimeout" => Self::ConnectTimeout,
            "readtimeout" => Self::ReadTimeout,
            "sockettimeout" => Self::ReadTimeoutMillis,
            "applicationname" | "app" | "appname" => Self::Application,
            "applicationintent" => Self::Intent,
            "integratedsecurity" | "trustedconnection" => Self::Integrated,
            "authentication" => Self::Authentication,
            "persistsecurityinfo"
            | "pooling"
            | "minpoolsize"
            | "maxpoolsize"
            | "multipleactiveresultsets"
            | "multisubnetfailover"
            | "connectretrycount"
            | "connectretryinterval"
            | "workstationid"
            | "wsid"
            | "selectmethod"
            | "responsebuffering"
            | "sendstringparametersasunicode" => Self::Ignored,
            _ => return None,
        })
    }
}
