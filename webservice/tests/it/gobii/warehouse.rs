//! What is looked up in GOBii's own database.

use sqlx::{ConnectOptions as _, Executor as _, PgPool};
use webservice::gobii::{CropId, GobiiDatabase as _, Warehouses};

/// As much of GOBii's tables as is read.
const TABLES: &str = "
    create table protocol (protocol_id integer, platform_id integer);
    create table vendor_protocol (vendor_protocol_id integer, protocol_id integer);
    create table experiment (experiment_id integer, project_id integer, vendor_protocol_id integer);
    create table dataset (dataset_id integer, experiment_id integer, type_id integer);
    insert into protocol values (1, 11);
    insert into vendor_protocol values (2, 1);
    insert into experiment values (3, 33, 2), (4, 44, null);
    insert into dataset values (5, 3, 55), (6, 4, null);
";

#[sqlx::test(migrations = false)]
async fn a_data_set_and_an_experiment_are_told_with_what_they_belong_to(db: PgPool) {
    db.execute(TABLES).await.unwrap();
    let dev: CropId = "dev".parse().unwrap();
    let url = db.connect_options().to_url_lossy().to_string();
    let warehouses = Warehouses::new([(&dev, url.as_str())].into_iter()).unwrap();
    let dataset = async |id| warehouses.dataset(&dev, id).await.map(|it| (it.experiment, it.kind));
    assert_eq!(dataset(5).await, Some((3, Some(55))));
    assert_eq!(dataset(6).await, Some((4, None)));
    assert_eq!(dataset(7).await, None);
    let experiment = async |id| {
        let found = warehouses.experiment(&dev, id).await;
        found.map(|experiment| (experiment.project, experiment.platform))
    };
    assert_eq!(experiment(3).await, Some((33, Some(11))));
    assert_eq!(experiment(4).await, Some((44, None)));
}

#[tokio::test]
async fn a_database_that_is_away_or_that_there_is_none_of_knows_nothing() {
    let (dev, other): (CropId, CropId) = ("dev".parse().unwrap(), "other".parse().unwrap());
    let away = "postgres://nobody@127.0.0.1:9/none";
    let warehouses = Warehouses::new([(&dev, away)].into_iter()).unwrap();
    assert!(warehouses.dataset(&dev, 1).await.is_none());
    assert!(warehouses.experiment(&other, 1).await.is_none());
    assert!(Warehouses::new([(&dev, "no address")].into_iter()).is_err());
}
