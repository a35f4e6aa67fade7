//! `watch`: round after round, reports drift and puts it right.

use crate::cli::args::{Global, WatchArgs};
use crate::cli::exit::Failure;
use crate::cli::io::Io;
use crate::cli::stop::block_on;
use crate::cli::watch::{Faces, Voice, Watcher, bind};

pub(in crate::cli) fn run(global: &Global, args: &WatchArgs, io: &mut Io<'_>) -> Result<u8, Failure> {
    io.be_quiet(global.quiet);
    let bound = bind(args)?;
    let mut voice = Voice::over(std::io::stderr());
    let io = &mut io.talking_to(&mut voice);
    block_on(async {
        let watcher = Watcher::new(global, args, io)?;
        let faces = Faces::open(bound, &watcher, io)?;
        let ended = watcher.go(io).await;
        faces.close();
        ended
    })
}
