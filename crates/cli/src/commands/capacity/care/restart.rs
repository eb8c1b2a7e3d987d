//! A service that is started anew by a command of the person's, before trials that are to be of one
//! start each: what differs between two starts is often more than what differs within one.

use std::time::Duration;

use plimsoll_engine::runner::Runner;
use plimsoll_runtime::clock::Instant;

use crate::{
    args::SeeFlags,
    commands::trials::{shell, trial::Laboratory},
    exit::{Exit, Failure},
};

/// A service that does not answer by then does not come back.
pub(in crate::commands::capacity) const READY_MAX: Duration = Duration::from_secs(60);

/// One look whether it answers, and the wait until the next.
const LOOK: Duration = Duration::from_millis(100);

impl<R: Runner> Laboratory<'_, R> {
    /// Runs `command`, then waits until the target answers; how long both took, or `None` when the person
    /// ended it. The command is ended by the second Ctrl-C only.
    ///
    /// # Errors
    /// When the command fails or takes more than [`shell::TIME_MAX`], and when nothing answers within
    /// [`READY_MAX`].
    pub(in crate::commands::capacity) fn restart(
        &self,
        command: &str,
    ) -> Result<Option<Duration>, Failure> {
        let began = Instant::now();
        self.screen.doing(&format!("restarting the service by {command:?}"), None);
        let ran = shell::run(command, &[], self.interrupt);
        if let Err(why) = ran {
            self.screen.clear();
            let message = format!("--restart {command:?}: {why}");
            return Err(Failure::new(Exit::Other, message)
                .with_hint("trials so far are stored; --resume goes on with them"));
        }
        self.screen.doing("waiting until the service that was started anew answers", None);
        self.ready(command)?;
        self.screen.clear();
        Ok((!self.interrupt.is_set()).then(|| began.elapsed()))
    }

    /// Waits until an exchange succeeds.
    fn ready(&self, command: &str) -> Result<(), Failure> {
        // Who watches a port finds nobody there before the service is.
        let see = SeeFlags::nothing();
        let screen = self.screen.alone();
        let looking = Laboratory { see: &see, screen: &screen, ..*self };
        let began = Instant::now();
        let mut last = None;
        while !self.interrupt.is_set() {
            let expected = looking.expected(None, LOOK, Default::default());
            match looking.run(self.bench.closed(1, LOOK), expected) {
                Ok(ran) if ran.gathered.done > ran.gathered.failed => return Ok(()),
                Ok(_) => {}
                Err(failure) => last = Some(failure.message),
            }
            if began.elapsed() > READY_MAX {
                self.screen.clear();
                let message = format!(
                    "--restart {command:?}: {} did not answer within {} s of it",
                    self.bench.subject,
                    READY_MAX.as_secs()
                );
                let failure = Failure::new(Exit::Other, message);
                return Err(match last {
                    Some(last) => failure.with_hint(last),
                    None => failure.with_hint("does the command start it in the background?"),
                });
            }
            self.interrupt.rest(LOOK);
        }
        Ok(())
    }
}
