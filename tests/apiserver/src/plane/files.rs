//! The files that the servers are started with: tokens, the key of ServiceAccount tokens, the audit policy, kubeconfigs.

use anyhow::{Context as _, anyhow};
use data_encoding::{BASE64, HEXLOWER};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// An account with a static token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// As the API server's audit log names it.
    pub name: String,
    /// Its bearer token.
    pub token: String,
    /// Its groups.
    pub groups: Vec<String>,
}

pub(super) const ADMIN: &str = "admin";
pub(super) const CONTROLLERS: &str = "system:kube-controller-manager";

/// admin may do all, bob nothing; the storage driver and the controllers have names of their own in the audit log.
const USERS: [(&str, &str); 4] =
    [(ADMIN, "system:masters"), ("bob", "dev"), ("csi-rig-provisioner", "system:masters"), (CONTROLLERS, "")];

/// DER of a P-256 SubjectPublicKeyInfo up to the point (RFC 5480).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Where everything lies in a plane's folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) dir: PathBuf,
}

impl Layout {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The API server's certificate, leaf and CA, which it writes itself.
    pub(super) fn authority(&self) -> PathBuf {
        self.path("certs/apiserver.crt")
    }

    pub(super) fn audit_log(&self) -> PathBuf {
        self.path("audit.log")
    }

    pub(super) fn log(&self, server: &str) -> PathBuf {
        self.path(&format!("{server}.log"))
    }

    pub(super) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.path(&format!("{}.kubeconfig", user.replace(':', "_")))
    }

    /// Writes what the servers need before they start.
    pub(super) fn prepare(&self) -> anyhow::Result<Vec<User>> {
        fs::create_dir_all(&self.dir)?;
        let random = SystemRandom::new();
        let mut users = Vec::new();
        for (name, groups) in USERS {
            let mut token = [0; 16];
            random.fill(&mut token).map_err(|_| anyhow!("no randomness"))?;
            let groups = groups.split(',').filter(|group| !group.is_empty()).map(str::to_owned).collect();
            users.push(User { name: name.to_owned(), token: HEXLOWER.encode(&token), groups });
        }
        let lines: Vec<String> = users.iter().enumerate().map(|(number, user)| csv(number, user)).collect();
        private(&self.path("tokens.csv"), lines.concat().as_bytes())?;
        self.keys(&random)?;
        fs::write(self.path("audit-policy.json"), serde_json::to_vec_pretty(&audit_policy())?)?;
        Ok(users)
    }

    fn keys(&self, random: &SystemRandom) -> anyhow::Result<()> {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, random).map_err(|_| anyhow!("no key"))?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), random)
            .map_err(|error| anyhow!("the key just made is refused: {error}"))?;
        private(&self.path("sa.key"), pem("PRIVATE KEY", key.as_ref()).as_bytes())?;
        let public = [&P256_SPKI[..], pair.public_key().as_ref()].concat();
        fs::write(self.path("sa.pub"), pem("PUBLIC KEY", &public))?;
        Ok(())
    }

    /// A kubeconfig with everything inline, so that it can be copied.
    pub(super) fn write_kubeconfig(&self, port: u16, user: &str, token: &str) -> anyhow::Result<PathBuf> {
        let path = self.kubeconfig(user);
        let authority = fs::read(self.authority()).context("the API server has no certificate yet")?;
        let server = format!("https://127.0.0.1:{port}");
        private(&path, &serde_json::to_vec_pretty(&kubeconfig(&server, &authority, user, token))?)?;
        Ok(path)
    }
}

/// A kubeconfig as a document.
pub(crate) fn kubeconfig(server: &str, authority: &[u8], user: &str, token: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "rig",
        "clusters": [{"name": "rig", "cluster":
            {"server": server, "certificate-authority-data": BASE64.encode(authority)}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": user}}],
    })
}

fn csv(number: usize, user: &User) -> String {
    format!("{},{},u{number},\"{}\"\n", user.token, user.name, user.groups.join(","))
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, letter) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str(&format!("\n-----END {label}-----\n"));
    text
}

pub(crate) fn private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Every write of a resource with request and response, so that preconditions can be read back; reads by name only; nothing of
/// the servers' own chatter.
fn audit_policy() -> serde_json::Value {
    json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "users": ["system:apiserver"]},
            {"level": "None", "nonResourceURLs": ["/*"]},
            {"level": "None", "users": [CONTROLLERS], "verbs": ["get", "list", "watch"]},
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"],
             "verbs": ["get", "list", "watch"]},
            {"level": "Metadata", "verbs": ["get", "list", "watch"]},
            {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets", "serviceaccounts/token"]}]},
            {"level": "RequestResponse"},
        ],
    })
}
