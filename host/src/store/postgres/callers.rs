//! What hosts do for callers by SQL: they say when they rest, so that a call tells them of itself only
//! then. The functions that such callers use are in the migrations.

use super::connection::error;
use super::*;

impl Postgres {
    pub(super) async fn write_rest(&self, host: HostNumber, rests: bool) -> Result<(), Error> {
        sqlx::query("update hosts set rests = $2 where number = $1 and rests <> $2")
            .bind(host.0)
            .bind(rests)
            .execute(&self.pool)
            .await
            .map_err(error)?;
        Ok(())
    }
}
