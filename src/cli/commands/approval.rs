//! Asks before anything is changed.

use crate::cli::exit::Failure;
use crate::cli::io::Io;
use crate::cli::stop::Signals;

/// Asks; only `yes` is a yes.
pub(super) async fn ask(changes: usize, io: &mut Io<'_>, signals: &Signals) -> Result<(), Failure> {
    if !io.can_ask() {
        return Err(Failure::problem(
            "approval cannot be asked for: there is no terminal; review the plan and give --auto-approve",
        ));
    }
    let noun = if changes == 1 { "this change".to_owned() } else { format!("these {changes} changes") };
    // On a thread of its own: a Ctrl-C at the question must be heard.
    let question = format!("\nCarry out {noun}? Only 'yes' is a yes: ");
    io.prompt(&question);
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        // The receiver is gone when the question was interrupted.
        let _ = sender.send(read.map(|_| line));
    });
    let answer = signals.unless_interrupted(async { Ok(answer.await) }).await?;
    match answer {
        Ok(Ok(line)) if line.trim() == "yes" => Ok(()),
        _ => Err(Failure::problem("not approved; nothing was executed")),
    }
}
