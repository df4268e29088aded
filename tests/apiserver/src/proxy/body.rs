//! Replies that go wrong on their way.

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming};
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Sleep;

/// What becomes of a reply.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    Truncate,
    Silence,
    /// Silence from the moment on at which this says true.
    Mute(watch::Receiver<bool>),
    Slow(Duration),
}

/// A reply that is passed on until so many of its lines went by.
pub(super) struct Damaged {
    inner: Incoming,
    damage: Damage,
    lines: u64,
    /// Of a slow reply, what came and was not passed on yet.
    rest: Bytes,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Damaged {
    pub(super) fn new(inner: Incoming, damage: Damage, lines: u64) -> Self {
        Self { inner, damage, lines, rest: Bytes::new(), sleep: None }
    }

    fn slowly(
        &mut self,
        context: &mut Context<'_>,
        pace: Duration,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(context));
            self.sleep = None;
        }
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                None => return Poll::Ready(None),
            }
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(self.rest.len(), |at| at + 1);
        self.sleep = Some(Box::pin(tokio::time::sleep(pace)));
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(end)))))
    }

    /// As much of the bytes as may pass.
    fn pass(&mut self, mut bytes: Bytes) -> Bytes {
        let mut end = 0;
        for (index, byte) in bytes.iter().enumerate() {
            if self.lines == 0 {
                break;
            }
            end = index + 1;
            if *byte == b'\n' {
                self.lines -= 1;
            }
        }
        // Half of the next line: worse for a reader than a clean end.
        if self.lines == 0 && matches!(self.damage, Damage::Truncate) {
            end += (bytes.len() - end).min(40) / 2;
        }
        bytes.split_to(end)
    }
}

impl Body for Damaged {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        match &this.damage {
            Damage::Slow(pace) => {
                let pace = *pace;
                return this.slowly(context, pace);
            }
            // Nobody wakes this again: the connection stays, and nothing comes.
            Damage::Mute(muted) if *muted.borrow() => return Poll::Pending,
            Damage::Mute(_) | Damage::Truncate | Damage::Silence => {}
        }
        if this.lines == 0 {
            if matches!(this.damage, Damage::Silence) {
                return Poll::Pending;
            }
            // An error ends the connection at once, with what was not flushed yet.
            let pause = || Box::pin(tokio::time::sleep(Duration::from_millis(20)));
            ready!(this.sleep.get_or_insert_with(pause).as_mut().poll(context));
            return Poll::Ready(Some(Err(io::Error::other("injected: the reply breaks off"))));
        }
        match ready!(Pin::new(&mut this.inner).poll_frame(context)) {
            Some(Ok(frame)) => {
                let bytes = this.pass(frame.into_data().unwrap_or_default());
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(io::Error::other(error)))),
            None => Poll::Ready(None),
        }
    }
}
