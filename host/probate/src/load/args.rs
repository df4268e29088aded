//! What the command line says of dumps: `NAME=PATH` and `--complete`.

use super::fault::{kind_name, parse_kind};
use probate_core::intake::GroupKind;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a dump comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DumpSource {
    /// `-`.
    Stdin,
    /// A file or folder.
    Path(PathBuf),
}

/// `NAME=PATH`, `PATH` or `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpArg {
    /// Cluster that the dump is of, where the user names it.
    pub name: Option<String>,
    /// Where it is.
    pub source: DumpSource,
}

impl fmt::Display for DumpArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}=")?;
        }
        match &self.source {
            DumpSource::Stdin => f.write_str("-"),
            DumpSource::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

impl FromStr for DumpArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A file that is there under that very name needs no cluster name before it.
        let name = |name: &str| !name.contains('/') || name.starts_with("vcluster:");
        let named = text.split_once('=').filter(|(before, _)| name(before) && !PathBuf::from(text).exists());
        let (name, rest) = match named {
            Some(("" | "vcluster:", _)) => return Err(format!("`{text}`: no cluster name before `=`")),
            Some((name, rest)) => (Some(name.to_string()), rest),
            None => (None, text),
        };
        match rest {
            "" => Err("an empty path".into()),
            "-" => Ok(Self { name, source: DumpSource::Stdin }),
            path => Ok(Self { name, source: DumpSource::Path(PathBuf::from(path)) }),
        }
    }
}

/// `--complete all` or `--complete KIND[,KIND][/NS]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Everything; kinds without an object are absent.
    All,
    /// These kinds in that namespace, `*` for all.
    Kinds {
        /// Kinds.
        kinds: Vec<GroupKind>,
        /// Namespace or `*`.
        namespace: String,
    },
}

impl FromStr for Completeness {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let (kinds, namespace) = match text.rsplit_once('/') {
            Some((_, "")) => return Err(format!("`{text}`: no namespace after `/`")),
            Some((kinds, namespace)) => (kinds, namespace),
            None => (text, "*"),
        };
        let kinds: Vec<GroupKind> = kinds.split(',').map(parse_kind).collect();
        if kinds.iter().any(|kind| !kind.kind.starts_with(|c: char| c.is_ascii_uppercase())) {
            return Err(format!(
                "`{text}`: expected `all` or kinds as objects write them, like `Pod,Deployment.apps/shop`"
            ));
        }
        Ok(Self::Kinds { kinds, namespace: namespace.into() })
    }
}

impl Completeness {
    /// As it was given.
    pub fn describe(&self) -> String {
        match self {
            Self::All => "all".into(),
            Self::Kinds { kinds, namespace } => {
                let kinds: Vec<String> = kinds.iter().map(kind_name).collect();
                format!("{}/{namespace}", kinds.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_may_have_a_name() {
        let arg: DumpArg = "host=a/b.yaml".parse().unwrap();
        assert_eq!((arg.name.as_deref(), arg.source), (Some("host"), DumpSource::Path("a/b.yaml".into())));
        let arg: DumpArg = "./a=b.yaml".parse().unwrap();
        assert_eq!(arg.name, None);
        let arg: DumpArg = "vcluster:team-a/vc1=dump".parse().unwrap();
        assert_eq!(arg.name.as_deref(), Some("vcluster:team-a/vc1"));
        assert_eq!("-".parse::<DumpArg>().unwrap().source, DumpSource::Stdin);
        assert!("=x".parse::<DumpArg>().is_err());
        assert!("vcluster:=x".parse::<DumpArg>().is_err());
        assert!("".parse::<DumpArg>().is_err());
    }

    #[test]
    fn completeness_names_kinds_and_a_namespace() {
        assert_eq!("all".parse(), Ok(Completeness::All));
        let Ok(Completeness::Kinds { kinds, namespace }) = "Pod,VirtualMachine.kubevirt.io/shop".parse()
        else {
            panic!()
        };
        assert_eq!(kinds.iter().map(kind_name).collect::<Vec<_>>(), ["Pod", "VirtualMachine.kubevirt.io"]);
        assert_eq!(namespace, "shop");
        assert!("pods".parse::<Completeness>().is_err());
        assert!("Pod/".parse::<Completeness>().is_err());
    }
}
