//! `plimsoll runs`: records of past runs.

use crate::{args::RunsArgs, exit::Failure};

pub(crate) fn runs(args: &RunsArgs) -> Result<(), Failure> {
    let _ = args;
    Ok(())
}
