//! Servers of one test's own: a PostgreSQL that it may kill, a PgBouncer before one, a session that holds locks.

use super::{World, repository, until};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A PostgreSQL by `tests/env/postgres.sh`, gone with this handle.
pub(crate) struct PrivatePostgres {
    folder: TempDir,
    url: String,
}

fn script(command: &str, folder: &Path) -> String {
    script_of(command, folder, None)
}

/// `of`: the folder of another server that the command is about.
fn script_of(command: &str, folder: &Path, of: Option<&Path>) -> String {
    let path = repository().join("tests/env/postgres.sh");
    let mut call = Command::new(path);
    call.arg(command).arg(folder.join("server")).args(of.map(|of| of.join("server")));
    let ran = call.stdin(Stdio::null()).output().unwrap();
    assert!(ran.status.success(), "postgres.sh {command}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// A temporary folder that the servers' own user can get through.
fn open_folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    folder
}

impl PrivatePostgres {
    pub(crate) fn start() -> Self {
        let folder = open_folder();
        let url = script("start", folder.path());
        Self { folder, url }
    }

    /// A streaming standby of this one.
    pub(crate) fn standby(&self) -> Self {
        let folder = open_folder();
        let url = script_of("replica", folder.path(), Some(self.folder.path()));
        Self { folder, url }
    }

    /// Of its superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// As a power cut would, and up again.
    pub(crate) fn restart(&self) {
        script("kill", self.folder.path());
        script("start", self.folder.path());
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        script("stop", self.folder.path());
    }
}

/// A transaction of the test's own in the target, rolled back when it is dropped.
pub(crate) struct Session {
    client: Option<tokio_postgres::Client>,
    runtime: tokio::runtime::Handle,
    task: tokio::task::JoinHandle<()>,
}

impl World {
    /// Begins a transaction in the target with this statement, and leaves it open.
    pub(crate) fn hold(&self, sql: &str) -> Session {
        let runtime = self.runtime.handle().clone();
        let (client, task) = self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.target_url(), NoTls).await.unwrap();
            let task = tokio::spawn(async move { drop(connection.await) });
            client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
            (client, task)
        });
        Session { client: Some(client), runtime, task }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.client.take());
        drop(self.runtime.block_on(&mut self.task));
    }
}

/// A PgBouncer in transaction mode before the server of a world.
pub(crate) struct PgBouncer {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl PgBouncer {
    pub(crate) fn start(world: &World, pool: u32) -> Self {
        let folder = open_folder();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (host, server_port) = {
            let address = world.target_address();
            let (host, port) = address.rsplit_once(':').unwrap();
            (host.to_owned(), port.to_owned())
        };
        let users = folder.path().join("users.txt");
        std::fs::write(&users, "\"postgres\" \"postgres\"\n").unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = {pool}\n\
             max_client_conn = 100\nquery_wait_timeout = 30\n",
            users.display()
        );
        std::fs::write(&settings, text).unwrap();
        // It refuses to run as root.
        let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut command = if root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "/usr/sbin/pgbouncer"]);
            command
        } else {
            Command::new("/usr/sbin/pgbouncer")
        };
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = command
            .arg("-q")
            .arg(&settings)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("pgbouncer is installed (tests/env/install.sh)");
        let started = Self { child, port, folder };
        until("PgBouncer", || TcpStream::connect(("127.0.0.1", port)).ok());
        started
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // runuser hands the signal on; SIGKILL it could not.
        drop(Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status());
        drop(self.child.wait());
    }
}
