//! A proxy before the API server that lets chosen requests go wrong, and holds them where a race needs it.
//!
//! ```no_run
//! # async fn example(plane: &probate_apiserver::Plane) -> anyhow::Result<()> {
//! use probate_apiserver::proxy::{Barrier, Fault, Proxy, Refusal, Rule};
//! let proxy = Proxy::start(plane).await?;
//! let lost = proxy.inject(Rule::new("delete", "persistentvolumeclaims", Fault::CommitThenDrop).dry_run(false).times(1));
//! let barrier = Barrier::default();
//! proxy.inject(Rule::new("patch", "persistentvolumes", Fault::Hold(barrier.clone())));
//! let kubeconfig = proxy.kubeconfig(plane, "admin")?; // the system under test uses this one
//! barrier.arrived(1).await;
//! barrier.release();
//! assert_eq!(lost.fired(), 1);
//! # drop(kubeconfig); Ok(()) }
//! ```

mod body;
mod call;
mod rule;
mod wire;

use crate::plane::{Plane, private};
use anyhow::Context as _;
use body::{Damage, Damaged};
use bytes::Bytes;
pub use call::Call;
use http::{Request, Response, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
pub use rule::{Barrier, Fault, Injected, Refusal, Rule};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;
use wire::Upstream;

type Reply = Response<BoxBody<Bytes, io::Error>>;

/// One request that came by, and what became of it.
#[derive(Clone, Debug)]
pub struct Passed {
    /// The request.
    pub call: Call,
    /// Whether a rule hit it.
    pub hit: bool,
    /// The status that the client was sent; `None` if it got no answer, or none yet.
    pub code: Option<u16>,
}

/// A running proxy, on a thread and a runtime of its own; it stops when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    upstream: Upstream,
    rules: Mutex<Vec<Injected>>,
    passed: Mutex<Vec<Passed>>,
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// Starts one before the plane's API server.
    pub async fn start(plane: &Plane) -> anyhow::Result<Self> {
        let (acceptor, upstream) = wire::tls(plane)?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            rules: Mutex::default(),
            passed: Mutex::default(),
            cuts: watch::Sender::new(0),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let own = shared.clone();
        let thread = std::thread::Builder::new().name("proxy".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    ended = accept(listener, acceptor, own) => {
                        if let Err(error) = ended {
                            crate::say(&format!("the proxy ended: {error:#}"));
                        }
                    }
                }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// An account's kubeconfig by way of this proxy: names as in [`Plane::kubeconfig_of`].
    pub fn kubeconfig(&self, plane: &Plane, user: &str) -> anyhow::Result<PathBuf> {
        let direct = plane.kubeconfig_of(user);
        let text = std::fs::read_to_string(&direct)
            .with_context(|| format!("{user} has no kubeconfig: {}", direct.display()))?;
        let path = direct.with_extension(format!("{}.kubeconfig", self.address.port()));
        private(&path, text.replace(&plane.url(), &format!("https://{}", self.address)).as_bytes())?;
        Ok(path)
    }

    /// A client by way of this proxy, for the runtime that is running.
    pub async fn client(&self, plane: &Plane, user: &str) -> anyhow::Result<kube::Client> {
        crate::plane::client_of(&self.kubeconfig(plane, user)?).await
    }

    /// Puts a rule in force. The first that is due hits; later ones do not see the request.
    pub fn inject(&self, rule: Rule) -> Injected {
        let injected = Injected::new(rule);
        lock(&self.shared.rules).push(injected.clone());
        injected
    }

    /// Ends a rule.
    pub fn remove(&self, injected: &Injected) {
        lock(&self.shared.rules).retain(|one| !one.same(injected));
    }

    /// Ends all rules.
    pub fn clear(&self) {
        lock(&self.shared.rules).clear();
    }

    /// Closes every open connection, watches too.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Everything that came by, in order of arrival.
    #[must_use]
    pub fn passed(&self) -> Vec<Passed> {
        lock(&self.shared.passed).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(
    listener: std::net::TcpListener,
    acceptor: TlsAcceptor,
    shared: Arc<Shared>,
) -> anyhow::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(connection(stream, acceptor.clone(), shared.clone()));
    }
}

/// One connection of a client, until either side ends it or all are cut.
async fn connection(stream: TcpStream, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(|request| serve(shared.clone(), request));
    let mut server = hyper::server::conn::http1::Builder::new();
    let served = server.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = served => {}
        _ = cuts.changed() => {}
    }
}

/// An error closes the connection without an answer.
async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Reply, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let call = Call::of(&parts.method, &parts.uri, &body);
    let fault = lock(&shared.rules).iter().find_map(|rule| rule.hit(&call));
    let index = {
        let mut passed = lock(&shared.passed);
        passed.push(Passed { call, hit: fault.is_some(), code: None });
        passed.len() - 1
    };
    let reply = answer(fault, Forward { upstream: shared.upstream.clone(), parts, body }).await?;
    if let Some(passed) = lock(&shared.passed).get_mut(index) {
        passed.code = Some(reply.status().as_u16());
    }
    Ok(reply)
}

/// A request that the API server has not seen yet.
struct Forward {
    upstream: Upstream,
    parts: http::request::Parts,
    body: Bytes,
}

impl Forward {
    async fn send(self) -> Result<Response<Incoming>, io::Error> {
        let answer = self.upstream.send(self.parts, self.body).await;
        answer.map_err(|error| io::Error::other(format!("{error:#}")))
    }

    /// To the last byte of its answer: only then is it surely done.
    async fn commit(self) -> Result<(), io::Error> {
        self.send().await?.into_body().collect().await.map(drop).map_err(io::Error::other)
    }
}

async fn answer(fault: Option<Fault>, forward: Forward) -> Result<Reply, io::Error> {
    let lost = || io::Error::other("injected: no answer");
    match fault {
        None => Ok(forward.send().await?.map(whole)),
        Some(Fault::Answer(refusal)) => Ok(refused(&refusal)),
        Some(Fault::Drop) => Err(lost()),
        Some(Fault::CommitThenDrop) => {
            forward.commit().await?;
            Err(lost())
        }
        Some(Fault::CommitThenAnswer(refusal)) => {
            forward.commit().await?;
            Ok(refused(&refusal))
        }
        Some(Fault::Truncate(lines)) => Ok(damaged(forward.send().await?, Damage::Truncate, lines)),
        Some(Fault::Silence(lines)) => Ok(damaged(forward.send().await?, Damage::Silence, lines)),
        Some(Fault::Mute(barrier)) => {
            let muted = barrier.heed();
            Ok(damaged(forward.send().await?, Damage::Mute(muted), u64::MAX))
        }
        Some(Fault::Slow(pace)) => Ok(damaged(forward.send().await?, Damage::Slow(pace), u64::MAX)),
        Some(Fault::Expire) => {
            let event = serde_json::json!({"type": "ERROR", "object": Refusal::of(410).status()});
            Ok(text(200, None, format!("{event}\n")))
        }
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            Ok(forward.send().await?.map(whole))
        }
        Some(Fault::Hold(barrier)) => {
            barrier.pass().await;
            Ok(forward.send().await?.map(whole))
        }
        Some(Fault::HoldReply(barrier)) => {
            let reply = forward.send().await?;
            barrier.pass().await;
            Ok(reply.map(whole))
        }
    }
}

fn whole(body: Incoming) -> BoxBody<Bytes, io::Error> {
    body.map_err(io::Error::other).boxed()
}

/// Without its length: the reply may be shorter, and must not look finished.
fn damaged(reply: Response<Incoming>, damage: Damage, lines: u64) -> Reply {
    let (mut parts, body) = reply.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Damaged::new(body, damage, lines).boxed())
}

fn refused(refusal: &Refusal) -> Reply {
    text(refusal.code, refusal.retry_after, refusal.status().to_string())
}

fn text(code: u16, retry_after: Option<u32>, body: String) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::from(body)).map_err(io::Error::other).boxed());
    *reply.status_mut() = http::StatusCode::from_u16(code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let json = header::HeaderValue::from_static("application/json");
    reply.headers_mut().insert(header::CONTENT_TYPE, json);
    if let Some(seconds) = retry_after {
        reply.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    reply
}
