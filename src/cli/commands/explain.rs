//! `explain`: what a code means and what to do about it. Offline and without a fleet file.

use crate::cli::args::{ExplainArgs, Format, Global};
use crate::cli::exit::{Failure, code};
use crate::cli::io::Io;
use crate::report::{
    Explanation, explanation_text, explanations, explanations_text, find_explanation, near_codes,
};

pub(in crate::cli) fn run(global: &Global, args: &ExplainArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    let all = explanations();
    let Some(word) = &args.code else {
        match global.format {
            Format::Json => io.print_json(&all),
            _ => io.print(&explanations_text(&all, io.paint())),
        }
        return Ok(code::DONE);
    };
    let found = find_explanation(&all, word).ok_or_else(|| unknown(&all, word))?;
    match global.format {
        Format::Json => io.print_json(found),
        _ => io.print(&explanation_text(found, io.paint())),
    }
    Ok(code::DONE)
}

fn unknown(all: &[Explanation], word: &str) -> Failure {
    if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        let numbers: Vec<&str> = all.iter().filter_map(|one| one.code.strip_prefix("exit-")).collect();
        return Failure::usage(format!("{word} is no exit code; they are {}", numbers.join(", ")));
    }
    let near = near_codes(all, word);
    let cure = if near.is_empty() {
        "fleetform explain lists all codes".to_owned()
    } else {
        format!("did you mean {}?", near.join(", "))
    };
    Failure::usage(format!("there is no code {word:?}; {cure}"))
}
