//! The objects around the tables: read from an engine that holds them, and what a refusal leaves of them.

use mssim::engine::{Denial, Engine, EngineOptions};
use mssim::session::EngineBackend;
use mssim::{Options, Server};
use shardferry::schema::objects::SourceObjects;
use shardferry::source::catalog;
use shardferry::source::client::Client;
use shardferry::source::settings::SourceSettings;
use std::sync::Arc;

struct Source {
    engine: Arc<Engine>,
    client: Client,
    _server: Server,
}

async fn source() -> Source {
    let engine =
        Engine::new(EngineOptions { database: "shop".to_owned(), ..EngineOptions::default() }).unwrap();
    engine.load_script(include_str!("source_catalog_engine.sql")).unwrap();
    let server = Server::start(Options::new(Arc::new(EngineBackend::new(Arc::clone(&engine))))).unwrap();
    let url = format!("mssql://sa:Passw0rd!@127.0.0.1:{}/shop?encrypt=off", server.port());
    let client = Client::connect(&SourceSettings::parse(&url).unwrap()).await.unwrap();
    Source { engine, client, _server: server }
}

#[tokio::test]
async fn every_kind_of_object_is_read() {
    let mut source = source().await;
    let objects = catalog::objects(&mut source.client).await.unwrap();
    assert_eq!(objects.primary_keys.len(), 4);
}
