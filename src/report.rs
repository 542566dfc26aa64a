//! Views over the checkpoints.
