//! `backup`: an online copy of the database.

use std::path::Path;

use anyhow::anyhow;
use converse_server::config::Config;
use converse_server::storage::Storage;

use super::Failure;

pub(super) fn run(config: &Config, file: &Path) -> Result<(), Failure> {
    let source = config.database();
    if !source.exists() {
        return Err(Failure::Other(anyhow!("{}: there is no database yet; is data_dir right?", source.display())));
    }
    Storage::backup(&source, file).map_err(|error| Failure::Other(error.into()))?;
    println!("{} written", file.display());
    Ok(())
}
