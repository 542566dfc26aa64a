//! Integration tests against real servers: one binary, one module a part. `tests/env/run.sh` starts the servers.

// Clippy knows what is test code by this attribute.
#[cfg(test)]
#[path = "integration/assessment.rs"]
mod assessment;
#[cfg(test)]
#[path = "integration/cases_expressions.rs"]
mod cases_expressions;
#[cfg(test)]
#[path = "integration/cases_keys.rs"]
mod cases_keys;
#[cfg(test)]
#[path = "integration/cases_limits.rs"]
mod cases_limits;
#[cfg(test)]
#[path = "integration/cases_source.rs"]
mod cases_source;
#[cfg(test)]
#[path = "integration/chunks.rs"]
mod chunks;
#[cfg(test)]
#[path = "integration/copy_roundtrip.rs"]
mod copy_roundtrip;
#[cfg(test)]
#[path = "integration/dead_links.rs"]
mod dead_links;
#[cfg(test)]
#[path = "integration/decoder_vs_tiberius.rs"]
mod decoder_vs_tiberius;
#[cfg(test)]
#[path = "integration/durability.rs"]
mod durability;
#[cfg(test)]
#[path = "integration/encoded.rs"]
mod encoded;
#[cfg(test)]
#[path = "integration/expressions.rs"]
mod expressions;
#[cfg(test)]
#[path = "integration/failover.rs"]
mod failover;
#[cfg(test)]
#[path = "integration/faults_pooler.rs"]
mod faults_pooler;
#[cfg(test)]
#[path = "integration/faults_source.rs"]
mod faults_source;
#[cfg(test)]
#[path = "integration/faults_store.rs"]
mod faults_store;
#[cfg(test)]
#[path = "integration/faults_target.rs"]
mod faults_target;
#[cfg(test)]
#[path = "integration/finish.rs"]
mod finish;
#[cfg(test)]
#[path = "integration/forged_plan.rs"]
mod forged_plan;
#[cfg(test)]
#[path = "integration/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "integration/hostile_catalog.rs"]
mod hostile_catalog;
#[cfg(test)]
#[path = "integration/matrix.rs"]
mod matrix;
#[cfg(test)]
#[path = "integration/memory.rs"]
mod memory;
#[cfg(test)]
#[path = "integration/objects.rs"]
mod objects;
#[cfg(test)]
#[path = "integration/ownership.rs"]
mod ownership;
#[cfg(test)]
#[path = "integration/peers.rs"]
mod peers;
#[cfg(test)]
#[path = "integration/pipeline.rs"]
mod pipeline;
#[cfg(test)]
#[path = "integration/pipeline_chunks.rs"]
mod pipeline_chunks;
#[cfg(test)]
#[path = "integration/pipeline_crash.rs"]
mod pipeline_crash;
#[cfg(test)]
#[path = "integration/pipeline_flags.rs"]
mod pipeline_flags;
#[cfg(test)]
#[path = "integration/policies.rs"]
mod policies;
#[cfg(test)]
#[path = "integration/property.rs"]
mod property;
#[cfg(test)]
#[path = "integration/quiet_run.rs"]
mod quiet_run;
#[cfg(test)]
#[path = "integration/reach.rs"]
mod reach;
#[cfg(test)]
#[path = "integration/refusals.rs"]
mod refusals;
#[cfg(test)]
#[path = "integration/rejects.rs"]
mod rejects;
#[cfg(test)]
#[path = "integration/replan.rs"]
mod replan;
#[cfg(test)]
#[path = "integration/resume.rs"]
mod resume;
#[cfg(test)]
#[path = "integration/samples.rs"]
mod samples;
#[cfg(test)]
#[path = "integration/second_load.rs"]
mod second_load;
#[cfg(test)]
#[path = "integration/small_tables.rs"]
mod small_tables;
#[cfg(test)]
#[path = "integration/snapshot.rs"]
mod snapshot;
#[cfg(test)]
#[path = "integration/soak.rs"]
mod soak;
#[cfg(test)]
#[path = "integration/soak_two_runs.rs"]
mod soak_two_runs;
#[cfg(test)]
#[path = "integration/source.rs"]
mod source;
#[cfg(test)]
#[path = "integration/source_catalog_engine.rs"]
mod source_catalog_engine;
#[cfg(test)]
#[path = "integration/source_catalog_objects.rs"]
mod source_catalog_objects;
#[cfg(test)]
#[path = "integration/stops.rs"]
mod stops;
#[cfg(test)]
#[path = "integration/store.rs"]
mod store;
#[cfg(test)]
#[path = "integration/target.rs"]
mod target;
#[cfg(test)]
#[path = "integration/tds_bytes.rs"]
mod tds_bytes;
#[cfg(test)]
#[path = "integration/telemetry.rs"]
mod telemetry;
#[cfg(test)]
#[path = "integration/terminal.rs"]
mod terminal;
#[cfg(test)]
#[path = "integration/throttle.rs"]
mod throttle;
#[cfg(test)]
#[path = "integration/two_runs.rs"]
mod two_runs;
#[cfg(test)]
#[path = "integration/type_mapping.rs"]
mod type_mapping;
#[cfg(test)]
#[path = "integration/types.rs"]
mod types;
#[cfg(test)]
#[path = "integration/zombies.rs"]
mod zombies;
