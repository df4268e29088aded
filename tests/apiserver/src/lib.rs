//! A real control plane for tests: etcd, kube-apiserver and kube-controller-manager built from pinned Go modules, and a storage
//! driver whose volumes are directories, so that lost data is a missing file. And `helm`, for whoever asks.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use probate_apiserver::Rig;
//! let Some(rig) = Rig::shared().await? else { return Ok(()) };
//! let client = rig.plane.client("admin").await?;
//! # drop(client); Ok(()) }
//! ```

pub mod cluster;
pub mod crds;
pub mod driver;
mod go;
mod helm;
mod node;
mod plane;
mod process;
pub mod proxy;

pub use driver::Driver;
pub use go::Binaries;
pub use helm::Helm;
pub use plane::{Options, Plane, Stop, UNUSED_SINCE, User};

use anyhow::bail;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A plane with its driver.
#[derive(Debug)]
pub struct Rig {
    /// The control plane.
    pub plane: Plane,
    /// The storage driver.
    pub driver: Driver,
}

impl Rig {
    /// Starts both; `None` where there is no Go, which is said.
    pub async fn start_or_skip(options: Options) -> anyhow::Result<Option<Self>> {
        let Some(plane) = Plane::start_or_skip(options).await? else { return Ok(None) };
        let driver = Driver::start(&plane).await?;
        Ok(Some(Self { plane, driver }))
    }

    /// The one that the tests of a binary share: a namespace for each, and names of its own for what has no namespace.
    pub async fn shared() -> anyhow::Result<Option<&'static Self>> {
        static SHARED: tokio::sync::OnceCell<Option<Rig>> = tokio::sync::OnceCell::const_new();
        Ok(SHARED.get_or_try_init(|| Self::start_or_skip(Options::default())).await?.as_ref())
    }
}

/// The folder of the package whose tests run, asked for at run time: checkouts that share a target directory share binaries.
pub fn package() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// How long something may take to come about.
const PATIENCE: Duration = Duration::from_secs(90);

/// Looks again until there is an answer, for at most a minute and a half: a machine may have more to do than this.
pub async fn until<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    loop {
        match look().await {
            Ok(Some(found)) => return Ok(found),
            Err(error) if begin.elapsed() > PATIENCE => {
                return Err(error.context(what.to_owned()));
            }
            Ok(None) if begin.elapsed() > PATIENCE => bail!("in vain: {what}"),
            Ok(None) | Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Set where a missing control plane is an error and no reason to skip.
const REQUIRED: &str = "PROBATE_REQUIRE_PLANE";

/// Says that a test is skipped because this cannot be built; an error where tests must not be.
pub(crate) fn skipped(what: &str) -> anyhow::Result<()> {
    if std::env::var_os(REQUIRED).is_some() {
        bail!("{REQUIRED} is set, and there is no Go here to build {what} with");
    }
    say(&format!("SKIPPED: no Go here to build {what} with (https://go.dev/doc/install)"));
    Ok(())
}

/// Says one line on stderr; lost if nobody listens.
pub(crate) fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
