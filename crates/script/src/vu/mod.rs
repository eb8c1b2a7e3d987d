//! A virtual user: its coroutine, its JavaScript runtime, its event loop and its state.

pub(crate) mod context;
pub(crate) mod coroutine;
pub mod error;
pub mod events;
mod heap;
pub(crate) mod interrupt;
pub(crate) mod intrinsics;
pub(crate) mod script;
mod stack;
pub mod state;
pub mod suspend;

use std::{
    cell::RefCell,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use coroutine::VuCoroutine;
use script::{Command, Reply};
pub use state::{Phase, TestState, VuState};

/// Between a coroutine and its owner: at most one command and one reply at a time.
#[derive(Default)]
pub(crate) struct Mailbox {
    command: RefCell<Option<Command>>,
    reply: RefCell<Option<Reply>>,
}

impl Mailbox {
    pub(crate) fn take_command(&self) -> Option<Command> {
        self.command.borrow_mut().take()
    }

    pub(crate) fn put_reply(&self, reply: Reply) {
        *self.reply.borrow_mut() = Some(reply);
    }
}

/// The owner's handle of a VU.
pub(crate) struct VuHost {
    coroutine: VuCoroutine,
    mailbox: Rc<Mailbox>,
    pub(crate) state: Rc<VuState>,
}

impl VuHost {
    /// Makes a VU and runs the script's init in it; the first reply is `Reply::Initialized` or an error.
    pub(crate) async fn start(state: VuState) -> std::io::Result<(VuHost, Reply)> {
        let state = Rc::new(state);
        let mailbox = Rc::new(Mailbox::default());
        let (inner, post) = (state.clone(), mailbox.clone());
        let coroutine = VuCoroutine::new(state.fiber.clone(), move || script::main(&inner, &post))?;
        let mut host = VuHost { coroutine, mailbox, state };
        let reply = host.reply().await;
        Ok((host, reply))
    }

    /// Has the VU do something. When the returned future is dropped early, the script is stopped.
    pub(crate) async fn run(&mut self, command: Command) -> Reply {
        *self.mailbox.command.borrow_mut() = Some(command);
        self.reply().await
    }

    async fn reply(&mut self) -> Reply {
        let mut pending = PendingReply { host: self, done: false };
        poll_fn(|task| pending.poll(task)).await
    }
}

/// Stops the script when nobody waits for it any more.
struct PendingReply<'a> {
    host: &'a mut VuHost,
    done: bool,
}

impl PendingReply<'_> {
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<Reply> {
        let ended = self.host.coroutine.resume(task);
        let reply = self.host.mailbox.reply.borrow_mut().take();
        match reply {
            Some(reply) => {
                self.done = true;
                Poll::Ready(reply)
            }
            None if ended => {
                self.done = true;
                Poll::Ready(Reply::Gone)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for PendingReply<'_> {
    fn drop(&mut self) {
        /// More turns than any script takes to unwind: each wait returns at once.
        const TURNS: usize = 1000;
        if self.done {
            return;
        }
        self.host.state.fiber.set_interrupted(true);
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..TURNS {
            if self.host.coroutine.resume(&mut task)
                || self.host.mailbox.reply.borrow_mut().take().is_some()
            {
                break;
            }
        }
        self.host.state.fiber.set_interrupted(false);
    }
}

#[cfg(test)]
mod tests;
