//! Which of the tags that the tool sets itself are wanted.

use serde_json::Value;

use super::value::{self, Read};

macro_rules! system_tags {
    ($($variant:ident $name:literal $default:literal;)*) => {
        /// A tag that the tool sets, in order of its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum SystemTag { $($variant,)* }

        impl SystemTag {
            pub const ALL: &[SystemTag] = &[$(SystemTag::$variant,)*];

            /// As in outputs.
            pub fn name(self) -> &'static str {
                match self { $(SystemTag::$variant => $name,)* }
            }

            fn is_default(self) -> bool {
                match self { $(SystemTag::$variant => $default,)* }
            }
        }
    };
}

system_tags! {
    Check "check" true;
    Error "error" true;
    ErrorCode "error_code" true;
    ExpectedResponse "expected_response" true;
    Group "group" true;
    Ip "ip" false;
    Iter "iter" false;
    Method "method" true;
    Name "name" true;
    OcspStatus "ocsp_status" false;
    Proto "proto" true;
    Scenario "scenario" true;
    Service "service" true;
    Status "status" true;
    Subproto "subproto" true;
    TlsVersion "tls_version" true;
    Url "url" true;
    Vu "vu" false;
}

/// A set of system tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemTags(u32);

impl Default for SystemTags {
    fn default() -> SystemTags {
        SystemTag::ALL.iter().filter(|tag| tag.is_default()).copied().collect()
    }
}

impl FromIterator<SystemTag> for SystemTags {
    fn from_iter<I: IntoIterator<Item = SystemTag>>(tags: I) -> SystemTags {
        SystemTags(tags.into_iter().fold(0, |set, tag| set | 1 << tag as u32))
    }
}

impl SystemTags {
    pub fn contains(self, tag: SystemTag) -> bool {
        self.0 & 1 << tag as u32 != 0
    }

    pub fn iter(self) -> impl Iterator<Item = SystemTag> {
        SystemTag::ALL.iter().copied().filter(move |&tag| self.contains(tag))
    }

    /// k6 prints an empty set as null.
    pub(crate) fn to_json(self) -> Value {
        let names: Vec<Value> = self.iter().map(|tag| Value::from(tag.name())).collect();
        if names.is_empty() { Value::Null } else { Value::Array(names) }
    }

    /// Names that are not known are dropped, as in k6.
    fn from_names<S: AsRef<str>>(names: &[S]) -> SystemTags {
        let wanted = |tag: &&SystemTag| names.iter().any(|name| name.as_ref() == tag.name());
        SystemTag::ALL.iter().filter(wanted).copied().collect()
    }
}

pub(crate) fn system_tags(value: &Value) -> Read<SystemTags> {
    Ok(SystemTags::from_names(&value::texts(value)?))
}

/// `url,name,status`
pub(crate) fn system_tags_text(text: &str) -> Read<SystemTags> {
    let names: Vec<&str> = text.split(',').map(str::trim).collect();
    Ok(SystemTags::from_names(&names))
}

#[cfg(test)]
mod tests {
    use super::{SystemTag, SystemTags, system_tags_text};

    #[test]
    fn default_set_is_k6s() {
        let names: Vec<&str> = SystemTags::default().iter().map(SystemTag::name).collect();
        let expected = "check error error_code expected_response group method name proto scenario \
                        service status subproto tls_version url";
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn unknown_names_are_dropped() {
        let check = |text: &str, json: &str| {
            let tags = system_tags_text(text).expect("any list is a set");
            assert_eq!(tags.to_json().to_string(), json);
        };
        check("vu, url,foo", r#"["url","vu"]"#);
        check("foo", "null");
    }
}
