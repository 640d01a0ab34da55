//! The gateway as a process, and what it stands on.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tempfile::TempDir;

const SCHEMA: &str = r#"{
    "type": "object",
    "required": ["id", "sender"],
    "properties": {"id": {"type": "string"}, "sender": {"type": "string"}}
}"#;

/// Descriptions and a channel that outlive the gateway.
pub(crate) struct Ground {
    folder: TempDir,
    /// As `--channel` takes it.
    pub(crate) channel: String,
    pub(crate) topic: String,
}

impl Ground {
    pub(crate) fn on_sqlite() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let channel = format!("sqlite:{}", folder.path().join("data/sluice.db").display());
        Self::new(folder, channel)
    }

    pub(crate) fn on_kafka() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let address = std::env::var("SLUICE_TEST_KAFKA");
        let address = address.expect("SLUICE_TEST_KAFKA is the address of a broker: see `scripts/kafka up`");
        Self::new(folder, format!("kafka:{address}"))
    }

    fn new(folder: TempDir, channel: String) -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let topic = format!("test-faults-{}", since_1970.as_nanos());
        let product = format!(
            "package faults\n\nproduct: {{name: \"faults\", version: \"1.0.0\"}}\n\nevents: \"probe.v1\": {{\n\
             \tschema: \"probe.schema.json\"\n\ttopic: {topic:?}\n\tkey: \"sender\"\n\tpartitions: 3\n}}\n"
        );
        let schemas = folder.path().join("schemas/faults");
        fs::create_dir_all(&schemas).unwrap();
        fs::write(schemas.join("faults.cue"), product).unwrap();
        fs::write(schemas.join("probe.schema.json"), SCHEMA).unwrap();
        Self { folder, channel, topic }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// A running gateway; killed when it is dropped. A test that fails shows its log.
pub(crate) struct Gateway {
    process: Child,
    log: PathBuf,
    pub(crate) address: String,
}

impl Gateway {
    /// Starts it and waits until it is ready.
    pub(crate) async fn start(ground: &Ground) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let log_path = ground.path("gateway.log");
        let log = File::options().create(true).append(true).open(&log_path).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_sluice"))
            .args(["serve", "--create-topics", "--channel", &ground.channel, "--listen", &listen])
            .arg("--schemas")
            .arg(ground.path("schemas"))
            .current_dir(ground.folder.path())
            .env("SLUICE_KAFKA_DELIVERY_TIMEOUT_MS", "3000")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut gateway = Self { process, log: log_path, address: format!("http://{listen}") };
        gateway.until_ready().await;
        gateway
    }

    async fn until_ready(&mut self) {
        let ready = format!("{}/readyz", self.address);
        for _ in 0..1500 {
            if reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(self.process.try_wait().unwrap().is_none(), "the gateway ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the gateway is not ready");
    }

    /// Ends it as a loss of power would: with SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        if std::thread::panicking() {
            eprintln!("{}", fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}
