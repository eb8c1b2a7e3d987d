//! `k6/http`: requests, responses, cookies, batches.
//!
//! The way of a request: [`call`] reads the arguments into a [`plimsoll_clients::http::Request`]
//! ([`params`], [`body`]), suspends the VU while the client runs the exchange, and wraps what came
//! back into a [`response`] object whose parts are made when the script reads them. What is wrong
//! with arguments becomes a response of status 0, as in k6 ([`failure`]).

mod batch;
mod body;
mod call;
mod config;
mod cookie_jar;
mod failure;
pub(crate) mod gjson;
mod marks;
mod multipart;
mod params;
mod response;
mod state;
mod syntax;

use std::rc::Rc;

use rquickjs::{Class, Ctx, Function, IntoJs, Object, Result, function::IntoJsFunc};

use self::cookie_jar::JarObject;
use super::Module;
use crate::vu::VuState;

pub(crate) use state::{HttpState, SharedConfig, emit_traffic};

/// What requests in the init context end with.
const INIT_MESSAGE: &str = "Making http requests in the init context is not supported";

/// Strings that scripts compare with.
const CONSTANTS: &[(&str, &str)] = &[
    ("TLS_1_0", "tls1.0"),
    ("TLS_1_1", "tls1.1"),
    ("TLS_1_2", "tls1.2"),
    ("TLS_1_3", "tls1.3"),
    ("OCSP_STATUS_GOOD", "good"),
    ("OCSP_STATUS_REVOKED", "revoked"),
    ("OCSP_STATUS_SERVER_FAILED", "server_failed"),
    ("OCSP_STATUS_UNKNOWN", "unknown"),
    ("OCSP_REASON_UNSPECIFIED", "unspecified"),
    ("OCSP_REASON_KEY_COMPROMISE", "key_compromise"),
    ("OCSP_REASON_CA_COMPROMISE", "ca_compromise"),
    ("OCSP_REASON_AFFILIATION_CHANGED", "affiliation_changed"),
    ("OCSP_REASON_SUPERSEDED", "superseded"),
    ("OCSP_REASON_CESSATION_OF_OPERATION", "cessation_of_operation"),
    ("OCSP_REASON_CERTIFICATE_HOLD", "certificate_hold"),
    ("OCSP_REASON_REMOVE_FROM_CRL", "remove_from_crl"),
    ("OCSP_REASON_PRIVILEGE_WITHDRAWN", "privilege_withdrawn"),
    ("OCSP_REASON_AA_COMPROMISE", "aa_compromise"),
];

pub const MODULE: Module = Module {
    name: "k6/http",
    exports: &[
        "TLS_1_0",
        "TLS_1_1",
        "TLS_1_2",
        "TLS_1_3",
        "OCSP_STATUS_GOOD",
        "OCSP_STATUS_REVOKED",
        "OCSP_STATUS_SERVER_FAILED",
        "OCSP_STATUS_UNKNOWN",
        "OCSP_REASON_UNSPECIFIED",
        "OCSP_REASON_KEY_COMPROMISE",
        "OCSP_REASON_CA_COMPROMISE",
        "OCSP_REASON_AFFILIATION_CHANGED",
        "OCSP_REASON_SUPERSEDED",
        "OCSP_REASON_CESSATION_OF_OPERATION",
        "OCSP_REASON_CERTIFICATE_HOLD",
        "OCSP_REASON_REMOVE_FROM_CRL",
        "OCSP_REASON_PRIVILEGE_WITHDRAWN",
        "OCSP_REASON_AA_COMPROMISE",
        "url",
        "CookieJar",
        "cookieJar",
        "file",
        "get",
        "head",
        "post",
        "put",
        "patch",
        "del",
        "options",
        "request",
        "asyncRequest",
        "batch",
        "setResponseCallback",
        "expectedStatuses",
    ],
    build,
    named: None,
};

fn build<'js>(ctx: &Ctx<'js>, _: &Rc<VuState>) -> Result<Object<'js>> {
    let module = Object::new(ctx.clone())?;
    for (name, value) in CONSTANTS {
        module.set(*name, *value)?;
    }
    define(&module, "url", marks::url)?;
    module.set("CookieJar", Class::<JarObject>::create_constructor(ctx)?.into_js(ctx)?)?;
    define(&module, "cookieJar", cookie_jar::own)?;
    define(&module, "file", marks::file)?;
    define(&module, "get", call::without_body("GET"))?;
    define(&module, "head", call::without_body("HEAD"))?;
    define(&module, "post", call::with_body("POST"))?;
    define(&module, "put", call::with_body("PUT"))?;
    define(&module, "patch", call::with_body("PATCH"))?;
    define(&module, "del", call::with_body("DELETE"))?;
    define(&module, "options", call::with_body("OPTIONS"))?;
    define(&module, "request", call::request)?;
    define(&module, "asyncRequest", call::async_request)?;
    define(&module, "batch", batch::batch)?;
    define(&module, "setResponseCallback", marks::set_response_callback)?;
    define(&module, "expectedStatuses", marks::expected_statuses)?;
    Ok(module)
}

fn define<'js, P>(
    module: &Object<'js>,
    name: &str,
    function: impl IntoJsFunc<'js, P> + 'js,
) -> Result<()> {
    module.set(name, Function::new(module.ctx().clone(), function)?.with_name(name)?)
}

#[cfg(test)]
mod tests;
