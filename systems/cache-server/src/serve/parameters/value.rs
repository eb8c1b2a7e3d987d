//! A parameter's value as it is shown, made of what was given.

use std::net::IpAddr;

use super::{Kind, Parameter};
use crate::serve::{
    clients::limits::{ClassLimits, memory},
    notify,
};

/// The value as CONFIG GET shows it.
pub(super) fn normalize(
    parameter: &Parameter,
    value: &str,
    limits: &ClassLimits,
) -> Result<String, String> {
    let between = |min: &dyn std::fmt::Display, max: &dyn std::fmt::Display| {
        format!("argument must be between {min} and {max} inclusive")
    };
    match parameter.kind {
        Kind::Memory { min, max } => match memory(value) {
            Some(bytes) if (min..=max).contains(&bytes) => Ok(bytes.to_string()),
            Some(_) => Err(between(&min, &max)),
            None => Err("argument must be a memory value".to_owned()),
        },
        Kind::Integer { min, max } => match value.parse::<i64>() {
            Ok(number) if (min..=max).contains(&number) => Ok(number.to_string()),
            Ok(_) => Err(between(&min, &max)),
            Err(_) => Err("argument couldn't be parsed into an integer".to_owned()),
        },
        Kind::Boolean => match value.to_ascii_lowercase().as_str() {
            word @ ("yes" | "no") => Ok(word.to_owned()),
            _ => Err("argument must be 'yes' or 'no'".to_owned()),
        },
        Kind::Choice([""]) if value.is_empty() => Ok(String::new()),
        Kind::Choice([""]) => Err("this server has no such feature".to_owned()),
        Kind::Choice(words) => {
            let word = words.iter().find(|word| word.eq_ignore_ascii_case(value));
            let listed =
                || format!("argument(s) must be one of the following: {}", words.join(", "));
            word.map(|word| (*word).to_owned()).ok_or_else(listed)
        }
        Kind::Events if notify::is_allowed(value) => Ok(value.to_owned()),
        Kind::Events => Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".to_owned()),
        Kind::Address => match value.parse::<IpAddr>() {
            Ok(address) => Ok(address.to_string()),
            Err(_) => Err("argument must be one IP address".to_owned()),
        },
        Kind::Port if value.is_empty() => Ok(String::new()),
        Kind::Port => match value.parse::<u16>() {
            Ok(port) => Ok(port.to_string()),
            Err(_) => Err("argument must be a port or nothing".to_owned()),
        },
        Kind::Text | Kind::Secret => Ok(value.to_owned()),
        Kind::Checked(check) | Kind::Veiled { check, .. } => check(value),
        Kind::OutputLimits if value.is_empty() => Ok(limits.text()),
        Kind::OutputLimits => limits.read(value).map(|limits| limits.text()).map_err(str::to_owned),
    }
}
