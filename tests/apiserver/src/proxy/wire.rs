//! TLS on both sides, with the API server's own certificate, and one connection to it for each request.

use crate::plane::Plane;
use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// How the proxy reaches the API server.
#[derive(Clone)]
pub(super) struct Upstream {
    connector: TlsConnector,
    address: String,
}

/// Our side as the API server would be, and the way to it.
pub(super) fn tls(plane: &Plane) -> anyhow::Result<(TlsAcceptor, Upstream)> {
    let (certificate, key) = plane.certificate();
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(&certificate)?.collect::<Result<_, _>>()?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(chain.iter().cloned());
    let key = PrivateKeyDer::from_pem_file(&key).context("the API server's key")?;
    let provider = Arc::new(default_provider());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = plane.url().trim_start_matches("https://").to_owned();
    let upstream = Upstream { connector: TlsConnector::from(Arc::new(client)), address };
    Ok((TlsAcceptor::from(Arc::new(server)), upstream))
}

impl Upstream {
    pub(super) async fn send(
        &self,
        parts: http::request::Parts,
        body: Bytes,
    ) -> anyhow::Result<http::Response<Incoming>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("127.0.0.1").map_err(|error| anyhow!("{error}"))?;
        let stream = self.connector.connect(name, stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender.send_request(http::Request::from_parts(parts, Full::new(body))).await?)
    }
}
