//! Where a domain's server is, by its SRV records (RFC 6120 §3.2.1, RFC 2782).

use std::net::SocketAddr;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver as Hickory, TokioResolver};

use super::UpstreamError;
use crate::config::{HostPort, UpstreamTls};

/// The most targets that are tried.
const MAX_TARGETS: usize = 8;

/// Asks for the records of one domain.
pub(super) struct Resolver {
    /// As it stands in the DNS.
    domain: String,
    dns: TokioResolver,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    priority: u16,
    weight: u16,
    to: HostPort,
}

impl Resolver {
    /// With the system's DNS server, or this one.
    pub(super) fn new(domain: &str, server: Option<SocketAddr>) -> Result<Self, UpstreamError> {
        let unusable = |error: &dyn std::fmt::Display| UpstreamError::Resolver(error.to_string());
        let builder = match server {
            None => TokioResolver::builder_tokio().map_err(|error| unusable(&error))?,
            Some(address) => {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = address.port();
                    connection
                });
                let mut config = ResolverConfig::default();
                config.add_name_server(NameServerConfig::new(address.ip(), true, connections.to_vec()));
                Hickory::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        Ok(Self { domain: domain.to_owned(), dns: builder.build().map_err(|error| unusable(&error))? })
    }

    /// The hosts to try, in this order. Empty: the domain says that it has no such service.
    pub(super) async fn targets(&self, tls: UpstreamTls) -> Vec<HostPort> {
        let service = match tls {
            UpstreamTls::StartTls => "_xmpp-client",
            UpstreamTls::Direct => "_xmpps-client",
        };
        // A final dot: no search list of the system's applies.
        let name = format!("{service}._tcp.{}.", self.domain);
        let records: Vec<Target> = match self.dns.srv_lookup(name.as_str()).await {
            Ok(lookup) => lookup.answers().iter().filter_map(|record| target(&record.data)).collect(),
            Err(error) => {
                tracing::debug!(%error, name, "no SRV records");
                Vec::new()
            }
        };
        if records.is_empty() {
            // RFC 6120 §3.2.2; XEP-0368 names no port, and 5223 is what servers listen on.
            let port = if tls == UpstreamTls::Direct { 5223 } else { 5222 };
            return vec![HostPort { host: self.domain.clone(), port }];
        }
        // RFC 2782: a single record with the target "." says that the service is decidedly not there.
        let present = records.into_iter().filter(|target| !target.to.host.is_empty()).collect();
        order(present, |below| {
            let mut bytes = [0; 4];
            // Without randomness the first of equals is tried first, which is no harm.
            let _ = getrandom::fill(&mut bytes);
            u32::from_ne_bytes(bytes) % below
        })
    }
}

fn target(data: &RData) -> Option<Target> {
    let RData::SRV(srv) = data else { return None };
    let host = srv.target.to_ascii().trim_end_matches('.').to_owned();
    Some(Target { priority: srv.priority, weight: srv.weight, to: HostPort { host, port: srv.port } })
}

/// RFC 2782: lower priorities first; within one, the higher the weight the likelier it comes first. `random` answers a number below its
/// argument.
fn order(mut targets: Vec<Target>, mut random: impl FnMut(u32) -> u32) -> Vec<HostPort> {
    // Records of weight 0 stand first, so that they have a small chance.
    targets.sort_by_key(|target| (target.priority, target.weight));
    let mut ordered = Vec::new();
    while let Some(priority) = targets.first().map(|target| target.priority) {
        let equals = targets.iter().take_while(|target| target.priority == priority);
        let sum: u32 = equals.map(|target| u32::from(target.weight)).sum();
        let mut left = random(sum + 1);
        let chosen = targets.iter().position(|target| {
            let weight = u32::from(target.weight);
            let here = weight >= left;
            left = left.saturating_sub(weight);
            here
        });
        ordered.push(targets.remove(chosen.unwrap_or(0)).to);
        if ordered.len() == MAX_TARGETS {
            break;
        }
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(priority: u16, weight: u16, host: &str) -> Target {
        Target { priority, weight, to: HostPort { host: host.to_owned(), port: 5222 } }
    }

    fn hosts(targets: &[Target], random: impl FnMut(u32) -> u32) -> String {
        order(targets.to_vec(), random).into_iter().map(|to| to.host).collect()
    }

    #[test]
    fn priority_decides_then_weight_and_chance() {
        let targets = [target(20, 0, "c"), target(10, 60, "a"), target(10, 20, "b"), target(10, 0, "z")];
        assert_eq!(hosts(&targets, |_| 0), "zbac");
        assert_eq!(hosts(&targets, |below| below - 1), "abzc");
        let mut first = std::collections::HashMap::new();
        for turn in 0..81 {
            let mut turns = Some(turn);
            *first.entry(hosts(&targets, |_| turns.take().unwrap_or(0)).remove(0)).or_insert(0) += 1;
        }
        assert_eq!((first[&'a'], first[&'b'], first[&'z']), (60, 20, 1));
    }

    #[test]
    fn the_number_of_targets_is_bounded() {
        let many: Vec<_> = (0..100).map(|n| target(n, 0, "x")).collect();
        assert_eq!(hosts(&many, |_| 0).len(), MAX_TARGETS);
        assert_eq!(hosts(&[], |_| 0), "");
    }
}
