//! The certificate authority of one cluster.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;

const DAY: Duration = Duration::from_hours(24);
/// A second attribute of the type organization: rcgen keeps one value for each name of a type.
const ORGANIZATION: [u64; 4] = [2, 5, 4, 10];

/// A certificate and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS#8.
    pub key: String,
}

/// Signs the certificates of a cluster.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// A new authority with its own key.
    pub fn new(name: &str) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = common_name(&format!("{name} test authority"));
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        Ok(Self { issuer })
    }

    /// The certificate of the authority.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// The private key of the authority.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A certificate for a server on these addresses and `localhost`.
    pub fn server(&self, addresses: &[IpAddr]) -> Result<Pair> {
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
        parameters.distinguished_name = common_name("kube-apiserver");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let addresses = addresses.iter().copied().map(SanType::IpAddress);
        parameters.subject_alt_names.extend(addresses);
        self.sign(&parameters)
    }

    /// A certificate for a user, valid until `not_after`, which may have passed.
    pub fn client(&self, name: &str, groups: &[&str], not_after: SystemTime) -> Result<Pair> {
        ensure!(
            groups.len() <= 2,
            "a client certificate can hold two groups, not {}",
            groups.len()
        );
        let mut parameters = CertificateParams::default();
        let mut subject = common_name(name);
        let kinds = [
            DnType::OrganizationName,
            DnType::CustomDnType(ORGANIZATION.to_vec()),
        ];
        for (kind, group) in kinds.into_iter().zip(groups) {
            subject.push(kind, *group);
        }
        parameters.distinguished_name = subject;
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let start = SystemTime::now().min(not_after).checked_sub(DAY);
        parameters.not_before = OffsetDateTime::from(start.context("`not_after` is too early")?);
        parameters.not_after = OffsetDateTime::from(not_after);
        self.sign(&parameters)
    }

    fn sign(&self, parameters: &CertificateParams) -> Result<Pair> {
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        Ok(Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }
}

/// The keys of service account tokens: to sign them, and to check them.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl SigningKeys {
    pub(crate) fn new() -> Result<Self> {
        let pair = KeyPair::generate()?;
        Ok(Self {
            private: pair.serialize_pem(),
            public: pair.public_key_pem(),
        })
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}
