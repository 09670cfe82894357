//! `user add|passwd|list|remove`.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use converse_server::auth::scram;
use converse_server::config::Config;
use converse_server::storage::{Storage, accounts};
use xmpp::jid::BareJid;

use super::{CommonArgs, Failure, password};

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create an account.
    Add {
        /// The local part ("alice") or the bare JID ("alice@example.com").
        account: String,
        /// The person's name.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Set a new password.
    Passwd {
        /// The local part or the bare JID.
        account: String,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Make two accounts each other's contacts. Sessions that are open learn of it at their next sign-in.
    Connect {
        /// The local part or the bare JID of one.
        one: String,
        /// The other.
        other: String,
        #[command(flatten)]
        common: CommonArgs,
    },
    /// List all accounts.
    List {
        #[command(flatten)]
        common: CommonArgs,
    },
    /// Remove an account with its roster, messages and everything else. Sessions that are open end at their next restart.
    Remove {
        /// The local part or the bare JID.
        account: String,
        #[command(flatten)]
        common: CommonArgs,
    },
}

/// The password comes from --password-file, CONVERSE_SERVER_PASSWORD, the terminal or standard input.
#[derive(Debug, Args)]
pub(super) struct PasswordArgs {
    /// A file whose first line is the password; - is standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Make a random password and print it.
    #[arg(long, conflicts_with = "password_file")]
    generate: bool,
}

impl UserCommand {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Add { account, name, password, common } => {
                let store = Store::open(common)?;
                let jid = store.jid(&account)?;
                let local = jid.local().unwrap_or_default().to_owned();
                // Nobody should type a password for nothing.
                let (wanted, exists) = (
                    local.clone(),
                    Failure::Account(format!(
                        "{jid}: the account exists already; change its password with: converse-server user passwd"
                    )),
                );
                if store.read(move |connection| accounts::exists(connection, &wanted))? {
                    return Err(exists);
                }
                let keys = store.keys(password)?;
                if !store.write(move |connection| accounts::create(connection, &local, name.as_deref(), &keys))? {
                    return Err(exists);
                }
                println!("{jid} added");
            }
            Self::Passwd { account, password, common } => {
                let store = Store::open(common)?;
                let jid = store.jid(&account)?;
                let local = jid.local().unwrap_or_default().to_owned();
                let (wanted, missing) = (
                    local.clone(),
                    Failure::Account(format!("{jid}: there is no such account; add it with: converse-server user add")),
                );
                if !store.read(move |connection| accounts::exists(connection, &wanted))? {
                    return Err(missing);
                }
                let keys = store.keys(password)?;
                if !store.write(move |connection| accounts::set_keys(connection, &local, &keys))? {
                    return Err(missing);
                }
                println!("password of {jid} changed");
            }
            Self::Connect { one, other, common } => {
                let store = Store::open(common)?;
                let pair = [store.jid(&one)?, store.jid(&other)?];
                let people = pair.clone();
                if let Some(missing) = store.write(move |connection| accounts::connect(connection, &people))? {
                    return Err(Failure::Account(format!("{missing}: there is no such account")));
                }
                println!("{} and {} are contacts", pair[0], pair[1]);
            }
            Self::List { common } => {
                let store = Store::open(common)?;
                for account in store.read(accounts::list)? {
                    let note = if account.has_password { "" } else { "\t(no password)" };
                    println!(
                        "{}@{}\t{}{note}",
                        account.local,
                        store.config.top.domain.0,
                        account.name.unwrap_or_default()
                    );
                }
            }
            Self::Remove { account, common } => {
                let store = Store::open(common)?;
                let jid = store.jid(&account)?;
                let local = jid.local().unwrap_or_default().to_owned();
                if !store.write(move |connection| accounts::remove(connection, &local))? {
                    return Err(Failure::Account(format!("{jid}: there is no such account")));
                }
                println!("{jid} removed");
            }
        }
        Ok(())
    }
}

/// The database, from a command that needs no server.
struct Store {
    config: Config,
    storage: Storage,
    runtime: tokio::runtime::Runtime,
}

impl Store {
    fn open(common: CommonArgs) -> Result<Self, Failure> {
        let config = common.load()?;
        let storage = Storage::open(&config.database()).context("the database cannot be used")?;
        let runtime = tokio::runtime::Builder::new_current_thread().build().context("the runtime cannot be started")?;
        Ok(Self { config, storage, runtime })
    }

    fn jid(&self, account: &str) -> Result<BareJid, Failure> {
        let domain = &self.config.top.domain.0;
        let jid =
            if account.contains('@') { BareJid::new(account) } else { BareJid::from_parts(Some(account), domain) };
        let jid = jid.map_err(|error| Failure::Other(anyhow!("{account:?} is not an account: {error}")))?;
        if jid.domain() != domain || jid.local().is_none() {
            return Err(Failure::Other(anyhow!(
                "{jid} is not an account of {domain}; the domain is set by --domain or the configuration"
            )));
        }
        Ok(jid)
    }

    fn keys(&self, args: PasswordArgs) -> Result<Vec<xmpp_stream::sasl::StoredKeys>, Failure> {
        let text = if args.generate { password::generate()? } else { password::read(args.password_file.as_deref())? };
        let keys = scram::derive(&text, self.config.accounts.scram_iterations)
            .map_err(|error| Failure::Other(error.into()))?;
        if args.generate {
            println!("password: {text}");
        }
        Ok(keys)
    }

    fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, converse_server::storage::DatabaseError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.runtime.block_on(self.storage.read_async(work)).map_err(|error| Failure::Other(error.into()))
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, converse_server::storage::DatabaseError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.runtime.block_on(self.storage.write_async(work)).map_err(|error| Failure::Other(error.into()))
    }
}
