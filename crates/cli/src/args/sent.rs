//! What is sent, of verbs that send the same again and again: the flags of `attack` for it, or a script.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use super::{
    Arrivals, AttackArgs, HttpFlags, PaceFlags, RedisFlags, RunArgs, RuntimeFlags, SeeFlags,
    TargetFlags,
};

/// What is sent, in the shape that `attack` and `run` have for it.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Its pace, results and looks are those of an attack without flags, as far as no flag says.
    pub(crate) attack: AttackArgs,
    /// Of a script, without flags but for `__ENV`.
    pub(crate) runtime: RuntimeFlags,
}

/// The flags of [`Sent`] that are neither an attack's nor a script's as they are.
#[derive(Debug, Args)]
struct Subject {
    /// URL, redis:// URL or script; or see --targets
    #[arg(id = "url", value_name = "TARGET")]
    url: Option<String>,
    /// A variable for the script's `__ENV` (repeatable)
    #[arg(short, long, value_name = "NAME=VALUE", help_heading = "Script")]
    env: Vec<String>,
    /// Threads [default: one per core]
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        help_heading = "Load"
    )]
    threads: usize,
}

/// What only has a sense where arrivals are due at a time, and what is looked at.
#[derive(Debug, Args)]
struct Open {
    /// Spacing of arrivals: evenly, or at random as those of many independent users
    #[arg(long, value_enum, default_value_t = Arrivals::Even, help_heading = "Load")]
    arrivals: Arrivals,
    #[command(flatten)]
    see: SeeFlags,
}

/// Reads what [`augment`] added.
pub(super) fn read(matches: &ArgMatches) -> Result<Sent, Error> {
    let Subject { url, env, threads } = Subject::from_arg_matches(matches)?;
    let attack = without_flags::<AttackArgs>(&["attack"])?;
    let run = without_flags::<RunArgs>(&["run", "script.js"])?;
    Ok(Sent {
        attack: AttackArgs {
            url,
            targets: TargetFlags::from_arg_matches(matches)?,
            http: HttpFlags::from_arg_matches(matches)?,
            redis: RedisFlags::from_arg_matches(matches)?,
            pace: PaceFlags { threads, ..attack.pace },
            ..attack
        },
        runtime: RuntimeFlags { env, ..run.runtime },
    })
}

/// Adds what says where the load goes and what it is, whatever its model.
pub(super) fn augment(command: Command) -> Command {
    let command = TargetFlags::augment_args(Subject::augment_args(command));
    let command = RedisFlags::augment_args(HttpFlags::augment_args(command));
    // They are of no use here, or would make a run never end.
    ["lazy", "max_body"]
        .iter()
        .fold(command, |command, name| command.mut_arg(name, |arg| arg.hide(true)))
}

impl FromArgMatches for Sent {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Sent, Error> {
        let Open { arrivals, see } = Open::from_arg_matches(matches)?;
        let mut sent = read(matches)?;
        sent.attack.pace.arrivals = arrivals;
        sent.attack.see = see;
        Ok(sent)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Sent::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Sent {
    fn augment_args(command: Command) -> Command {
        Open::augment_args(augment(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Sent::augment_args(command)
    }
}

/// What a verb has when no flag is given.
fn without_flags<T: Args>(words: &[&str]) -> Result<T, Error> {
    let matches = T::augment_args(Command::new("plimsoll")).try_get_matches_from(words)?;
    T::from_arg_matches(&matches)
}
