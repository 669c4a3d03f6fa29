//! GOBii's own databases, one a crop, read and never written.

use std::{collections::HashMap, time::Duration};

use sqlx::{
    FromRow, PgPool,
    postgres::{PgPoolOptions, PgRow},
};

use super::{
    crop::CropId,
    database::{Dataset, Experiment, GobiiDatabase, Lookup},
};

/// How many connections to each database.
const CONNECTIONS: u32 = 2;
/// How long a lookup may wait for one.
const ACQUIRE: Duration = Duration::from_secs(3);

/// The databases of the crops that have one.
///
/// A database that does not answer knows nothing: what cannot be checked is not held up, just as
/// where there is no database at all.
pub struct Warehouses(HashMap<String, PgPool>);

impl Warehouses {
    /// Connects to these addresses when first needed.
    ///
    /// # Errors
    ///
    /// If an address cannot be read.
    pub fn new<'a>(
        databases: impl Iterator<Item = (&'a CropId, &'a str)>,
    ) -> Result<Self, sqlx::Error> {
        let pool = |(crop, url): (&CropId, &str)| {
            let options = PgPoolOptions::new().max_connections(CONNECTIONS);
            let pool = options.acquire_timeout(ACQUIRE).connect_lazy(url)?;
            Ok((crop.to_string(), pool))
        };
        databases.map(pool).collect::<Result<_, _>>().map(Self)
    }

    async fn find<T>(&self, crop: &CropId, query: &'static str, id: i64) -> Option<T>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let db = self.0.get(crop.as_str())?;
        let found = sqlx::query_as(query).bind(id).fetch_optional(db).await;
        found.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "GOBii's database of crop {crop} does not answer; not checked");
            None
        })
    }
}

impl GobiiDatabase for Warehouses {
    fn dataset<'a>(&'a self, crop: &'a CropId, id: i64) -> Lookup<'a, Dataset> {
        let query = "select experiment_id::bigint, type_id::bigint from dataset
                      where dataset_id = $1";
        Box::pin(async move {
            let (experiment, kind) = self.find::<(i64, Option<i64>)>(crop, query, id).await?;
            Some(Dataset { experiment, kind })
        })
    }

    fn experiment<'a>(&'a self, crop: &'a CropId, id: i64) -> Lookup<'a, Experiment> {
        let query = "select project_id::bigint, platform_id::bigint
                       from experiment
                       left join vendor_protocol using (vendor_protocol_id)
                       left join protocol using (protocol_id)
                      where experiment_id = $1";
        Box::pin(async move {
            let (project, platform) = self.find::<(i64, Option<i64>)>(crop, query, id).await?;
            Some(Experiment { project, platform })
        })
    }
}
