//! Who is told of what happens: happenings of a watcher to webhooks, on a thread of its own, so that no receiver can
//! hold the loop up.
//!
//! Happenings that belong together (one kind, one plan) become one notice (`gather`), which is told once (`memory`) in
//! the receiver's form (`event`, `slack`), signed (`sign`), and sent again while that makes sense (`deliver`).

mod deliver;
mod event;
mod gather;
mod memory;
mod notifier;
mod sign;
mod slack;

pub use event::{CloudEvent, NoticeData, NoticeServer};
pub use notifier::{Notifier, NotifyError, NotifyOptions, Pace};
