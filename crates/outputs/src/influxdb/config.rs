//! What an output to InfluxDB needs to know.

use std::{fmt, time::Duration};

use http::Uri;

use super::FieldKind;

/// An output to InfluxDB; [`InfluxdbConfig::parse`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfluxdbConfig {
    pub transport: Transport,
    pub api: Api,
    pub insecure_skip_verify: bool,
    pub push_interval: Duration,
    /// Requests under way at once, at least 1.
    pub concurrent_writes: usize,
    pub precision: Precision,
    /// Tags that are no tags in the database but fields, which are not indexed.
    pub tags_as_fields: Vec<TagAsField>,
    /// Samples in a second that are written singly; those of a second with more are condensed.
    pub points_per_second: Option<u64>,
}

/// How bodies get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    Http {
        /// Without user; a path stands before those of the API.
        address: Uri,
        gzip: bool,
    },
    /// Nobody answers: whatever leaves this machine counts as delivered.
    Udp {
        host: String,
        port: u16,
        /// Bytes of a datagram; a longer line goes alone.
        payload_size: usize,
    },
}

/// Which of its interfaces is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub enum Api {
    V1 {
        database: String,
        /// The database's own when empty.
        retention: String,
        consistency: String,
        /// Name and password.
        user: Option<(String, String)>,
    },
    /// Of versions 2 and 3.
    V2 { organization: String, bucket: String, token: String },
}

/// Secrets are not shown.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Api::V1 { database, retention, consistency, user } => f
                .debug_struct("V1")
                .field("database", database)
                .field("retention", retention)
                .field("consistency", consistency)
                .field("user", &user.as_ref().map(|(name, _)| name))
                .finish_non_exhaustive(),
            Api::V2 { organization, bucket, .. } => f
                .debug_struct("V2")
                .field("organization", organization)
                .field("bucket", bucket)
                .finish_non_exhaustive(),
        }
    }
}

/// The unit of timestamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    Nanos,
    Micros,
    Millis,
    Seconds,
    /// Not in version 2.
    Minutes,
    /// Not in version 2.
    Hours,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagAsField {
    pub tag: String,
    pub kind: FieldKind,
}

impl InfluxdbConfig {
    /// For messages and the run's header; without secrets.
    pub fn shown_address(&self) -> String {
        match &self.transport {
            Transport::Http { address, .. } => address.to_string().trim_end_matches('/').to_owned(),
            Transport::Udp { host, port, .. } if host.contains(':') => {
                format!("udp://[{host}]:{port}")
            }
            Transport::Udp { host, port, .. } => format!("udp://{host}:{port}"),
        }
    }
}

impl Precision {
    /// Nanoseconds of one unit.
    pub(super) fn nanos(self) -> u64 {
        match self {
            Precision::Nanos => 1,
            Precision::Micros => 1_000,
            Precision::Millis => 1_000_000,
            Precision::Seconds => 1_000_000_000,
            Precision::Minutes => 60 * 1_000_000_000,
            Precision::Hours => 3_600 * 1_000_000_000,
        }
    }

    /// As version 1 calls it.
    pub(super) fn name_v1(self) -> &'static str {
        match self {
            Precision::Nanos => "ns",
            Precision::Micros => "u",
            Precision::Millis => "ms",
            Precision::Seconds => "s",
            Precision::Minutes => "m",
            Precision::Hours => "h",
        }
    }

    /// As version 2 calls it.
    pub(super) fn name_v2(self) -> &'static str {
        match self {
            Precision::Micros => "us",
            other => other.name_v1(),
        }
    }
}
