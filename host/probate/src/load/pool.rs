//! One thread reads, several parse, the caller takes in; the order is that of the text.

use super::sink::Intake;
use super::source::Walker;
use super::work::{Output, Work};
use super::{DumpArg, DumpSource, LoadOptions};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A job and where its result goes.
type Job<I> = (Work, SyncSender<Output<I>>);

/// Reads one dump and gives what it holds to `take`, in order.
pub(crate) fn run<I: Intake>(arg: &DumpArg, options: &LoadOptions<'_>, take: &mut dyn FnMut(Output<I>)) {
    let threads =
        options.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    // So many parts may wait between reading and taking in; this bounds the memory.
    let (order, results) = sync_channel::<Receiver<Output<I>>>(threads * 4);
    let (jobs, queue) = sync_channel::<Job<I>>(threads * 4);
    let queue = Arc::new(Mutex::new(queue));
    thread::scope(|scope| {
        for _ in 0..threads {
            let queue = queue.clone();
            scope.spawn(move || work(&queue));
        }
        drop(queue);
        scope.spawn(move || {
            let mut send = |work: Work| {
                let (sender, receiver) = sync_channel(1);
                // Neither side hangs up before the end, unless a panic is on its way up already.
                if jobs.send((work, sender)).is_ok() {
                    let _ = order.send(receiver);
                }
            };
            read(arg, options, &mut send);
        });
        for result in results {
            if let Ok(output) = result.recv() {
                take(output);
            }
        }
    });
}

fn read(arg: &DumpArg, options: &LoadOptions<'_>, send: &mut dyn FnMut(Work)) {
    let mut total = 0;
    let mut progress = |name: &str, bytes: u64| {
        total += bytes;
        if let Some(progress) = options.progress {
            progress(name, total);
        }
    };
    let mut walker = Walker { limits: options.limits, send, progress: &mut progress };
    match &arg.source {
        DumpSource::Stdin => walker.stdin(),
        DumpSource::Path(path) => walker.path(path),
    }
}

fn work<I: Intake>(queue: &Mutex<Receiver<Job<I>>>) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((work, result)) = job else { return };
        // Nobody waits for it only if the caller is gone.
        let _ = result.send(Output::from(work));
    }
}
