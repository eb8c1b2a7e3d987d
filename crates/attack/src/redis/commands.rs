//! The commands of an attack and how often each is sent.

use std::rc::Rc;

use plimsoll_clients::redis::Pipeline;

use super::{
    dice::Dice,
    template::{Template, TemplateError},
};

/// Most commands of one attack.
pub const COMMANDS_LIMIT: usize = 64;

/// Why commands cannot be sent as told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandsError {
    #[error("no command is given")]
    None,
    #[error("more than {COMMANDS_LIMIT} commands")]
    TooMany,
    #[error("command {number} `{text}`: {reason}")]
    Template { number: usize, text: String, reason: TemplateError },
    #[error("ratio `{0}`: expected whole numbers such as 9:1, not all of them 0")]
    Ratio(String),
    #[error("ratio `{ratio}` has {parts} parts for {commands} commands")]
    RatioLength { ratio: String, parts: usize, commands: usize },
}

/// Commands with weights; shared by all threads.
#[derive(Clone, Debug)]
pub struct Commands {
    templates: Vec<Template>,
    /// Up to each command, that one included.
    thresholds: Vec<usize>,
}

impl Commands {
    /// `texts` as in [`super`]; `ratio` as in `9:1`, one whole number per command, all alike when
    /// there is none.
    ///
    /// # Errors
    /// See [`CommandsError`].
    pub fn parse<S: AsRef<str>>(
        texts: &[S],
        ratio: Option<&str>,
    ) -> Result<Commands, CommandsError> {
        if texts.is_empty() {
            return Err(CommandsError::None);
        }
        if texts.len() > COMMANDS_LIMIT {
            return Err(CommandsError::TooMany);
        }
        let mut templates = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            let text = text.as_ref();
            let template = Template::parse(text).map_err(|reason| CommandsError::Template {
                number: index + 1,
                text: text.to_owned(),
                reason,
            })?;
            templates.push(template);
        }
        let thresholds = thresholds(ratio, templates.len())?;
        Ok(Commands { templates, thresholds })
    }

    /// The commands' names for samples and results, per thread.
    pub(super) fn names(&self) -> Vec<Rc<str>> {
        self.templates.iter().map(|template| template.name().into()).collect()
    }

    /// Adds one command to a pipeline, chosen by weight.
    pub(super) fn render(&self, names: &[Rc<str>], pipeline: &mut Pipeline, dice: &mut Dice) {
        let index = match self.thresholds.last() {
            Some(sum) if self.thresholds.len() > 1 => {
                let point = dice.below(*sum);
                self.thresholds.partition_point(|threshold| *threshold <= point)
            }
            _ => 0,
        };
        if let (Some(template), Some(name)) = (self.templates.get(index), names.get(index)) {
            template.render(name, pipeline, dice);
        }
    }
}

fn thresholds(ratio: Option<&str>, commands: usize) -> Result<Vec<usize>, CommandsError> {
    let weights: Vec<u32> = match ratio {
        None => vec![1; commands],
        Some(ratio) => {
            let wrong = |_| CommandsError::Ratio(ratio.to_owned());
            ratio
                .split(':')
                .map(|part| part.trim().parse())
                .collect::<Result<_, _>>()
                .map_err(wrong)?
        }
    };
    if weights.len() != commands {
        let ratio = ratio.unwrap_or_default().to_owned();
        return Err(CommandsError::RatioLength { ratio, parts: weights.len(), commands });
    }
    let mut sum = 0;
    let thresholds: Vec<usize> = weights
        .iter()
        .map(|weight| {
            sum += *weight as usize;
            sum
        })
        .collect();
    if sum == 0 {
        Err(CommandsError::Ratio(ratio.unwrap_or_default().to_owned()))
    } else {
        Ok(thresholds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_decide_the_shares() {
        let commands = Commands::parse(&["GET a", "SET a 1", "DEL a"], Some("9:1:0")).unwrap();
        let names = commands.names();
        let mut dice = Dice::new(1, false);
        let mut pipeline = Pipeline::default();
        for _ in 0..10_000 {
            commands.render(&names, &mut pipeline, &mut dice);
        }
        let count = |name: &str| pipeline.commands().iter().filter(|c| &*c.name == name).count();
        assert!((8850..9150).contains(&count("GET")), "{}", count("GET"));
        assert_eq!(count("GET") + count("SET"), 10_000);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |texts: &[&str], ratio, message: &str| {
            assert_eq!(Commands::parse(texts, ratio).unwrap_err().to_string(), message);
        };
        check(&[], None, "no command is given");
        check(
            &["GET a", "GET 'b"],
            None,
            "command 2 `GET 'b`: a quote that does not end, or that something other than a blank follows",
        );
        check(&["GET a"], Some("9:1"), "ratio `9:1` has 2 parts for 1 commands");
        check(
            &["GET a"],
            Some("0"),
            "ratio `0`: expected whole numbers such as 9:1, not all of them 0",
        );
        check(
            &["GET a"],
            Some("x"),
            "ratio `x`: expected whole numbers such as 9:1, not all of them 0",
        );
        check(&vec!["PING"; COMMANDS_LIMIT + 1], None, "more than 64 commands");
    }
}
