//! The commands and their flags.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod backup;
mod password;
mod serve;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use converse_server::config::{Config, ConfigError, Overrides, Problem, sample};
use converse_server::tcp::Certificate;
use converse_server::upstream::Upstreams;

/// Chat for a website: the XMPP host, its web addresses, and the element's files, in one program.
#[derive(Debug, Parser)]
#[command(name = "converse-server", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is told to stop (ctrl-c or SIGTERM).
    Serve(ServeArgs),
    /// Read the configuration as `serve` would, report every mistake, and change nothing.
    CheckConfig(ServeArgs),
    /// Print a commented configuration file with every setting.
    SampleConfig,
    /// Add, change, list and remove accounts. Works beside a running server.
    User {
        #[command(subcommand)]
        command: user::UserCommand,
    },
    /// Copy the database to a new file. Works beside a running server.
    Backup {
        /// The file to write; it must not exist.
        file: PathBuf,
        #[command(flatten)]
        common: CommonArgs,
    },
}

/// Flags of every command that reads the configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct CommonArgs {
    /// The configuration file (TOML). Without it, defaults, environment and flags apply.
    #[arg(long, value_name = "FILE", env = "CONVERSE_SERVER_CONFIG")]
    config: Option<PathBuf>,
    /// The directory with the database.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The XMPP domain.
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// The address to listen on, with the port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The directory with the element's built files.
    #[arg(long, value_name = "DIR")]
    element_dir: Option<PathBuf>,
    /// The directory with a site to serve at /.
    #[arg(long, value_name = "DIR")]
    site_dir: Option<PathBuf>,
}

impl ServeArgs {
    fn load(self) -> Result<Config, Failure> {
        let overrides = Overrides {
            listen: self.listen,
            element_dir: self.element_dir,
            site_dir: self.site_dir,
            ..Overrides::default()
        };
        self.common.load_with(overrides)
    }
}

impl CommonArgs {
    fn load(self) -> Result<Config, Failure> {
        self.load_with(Overrides::default())
    }

    fn load_with(self, overrides: Overrides) -> Result<Config, Failure> {
        let overrides = Overrides { data_dir: self.data_dir, domain: self.domain, ..overrides };
        // Names and values that are not Unicode are not ours.
        let environment =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Ok(Config::load(self.config.as_deref(), environment, overrides)?)
    }
}

/// Why a command failed, by its exit code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Exit code 2.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// Exit code 3: the account exists, or does not.
    #[error("{0}")]
    Account(String),
    /// Exit code 4.
    #[error("{0}")]
    AddressInUse(String),
    /// Exit code 1.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

impl Failure {
    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Other(_) => 1,
            Self::Config(_) => 2,
            Self::Account(_) => 3,
            Self::AddressInUse(_) => 4,
        })
    }
}

impl Cli {
    pub(crate) fn run(self) -> ExitCode {
        let result = match self.command {
            Command::Serve(args) => args.load().and_then(serve::run),
            Command::CheckConfig(args) => args.load().and_then(|config| {
                check_files(&config)?;
                println!(
                    "the configuration is fine; domain {}, listening on {}",
                    config.top.domain.0, config.http.listen
                );
                Ok(())
            }),
            Command::SampleConfig => {
                print!("{}", sample());
                Ok(())
            }
            Command::User { command } => command.run(),
            Command::Backup { file, common } => common.load().and_then(|config| backup::run(&config, &file)),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("{failure}");
                failure.exit_code()
            }
        }
    }
}

/// What only the files that the configuration names can tell: certificates, authorities.
fn check_files(config: &Config) -> Result<(), Failure> {
    let wrong = |what: String| {
        let problem = Problem { place: "configuration".to_owned(), key: String::new(), what };
        Failure::Config(ConfigError(vec![problem]))
    };
    if config.tcp.certificate.is_some() {
        Certificate::open(config).map_err(|error| wrong(error.to_string()))?;
    }
    Upstreams::open(config).map(drop).map_err(|error| wrong(error.to_string()))
}
