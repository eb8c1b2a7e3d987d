//! Real nginx on free loopback ports: a server that we did not write.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use crate::ports::Port;

/// How often a started nginx is asked whether it listens, every 20 ms.
const ATTEMPTS: u32 = 250;

/// One nginx process with a folder of its own; ends with the value.
#[derive(Debug)]
pub struct Nginx {
    child: Child,
    folder: tempfile::TempDir,
    ports: Ports,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// `https://127.0.0.1:PORT`, with HTTP/2 and a self-signed certificate
    pub secure_url: String,
}

impl Nginx {
    /// Starts it with the sites of `configuration`, and waits until it listens.
    pub fn start() -> Nginx {
        let folder = tempfile::tempdir().expect("make a folder");
        let ports = Ports { plain: Port::reserve(), secure: Port::reserve() };
        site(folder.path());
        certificate(folder.path());
        let config = folder.path().join("nginx.conf");
        std::fs::write(&config, configuration(folder.path(), &ports)).expect("write nginx.conf");
        let mut command = Command::new(binary());
        command.arg("-p").arg(folder.path()).arg("-c").arg(&config);
        command.arg("-e").arg(folder.path().join("error.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("start nginx");
        let mut nginx = Nginx {
            child,
            folder,
            url: format!("http://127.0.0.1:{}", ports.plain.number),
            secure_url: format!("https://127.0.0.1:{}", ports.secure.number),
            ports,
        };
        nginx.wait_until_it_listens();
        nginx
    }

    fn wait_until_it_listens(&mut self) {
        for _ in 0..ATTEMPTS {
            if let Some(status) = self.child.try_wait().expect("ask for nginx's status") {
                panic!("nginx ended with {status}:\n{}", self.errors());
            }
            let listens = |port: &Port| TcpStream::connect(("127.0.0.1", port.number)).is_ok();
            if listens(&self.ports.plain) && listens(&self.ports.secure) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("nginx does not listen:\n{}", self.errors());
    }

    /// Its error log.
    pub fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let killed = self.child.kill();
        let waited = self.child.wait();
        assert!(killed.is_ok() || waited.is_ok(), "nginx could not be stopped");
    }
}

#[derive(Debug)]
struct Ports {
    plain: Port,
    secure: Port,
}

/// `PLIMSOLL_NGINX`, or where Debian puts it.
fn binary() -> PathBuf {
    let path = std::env::var_os("PLIMSOLL_NGINX")
        .map_or_else(|| PathBuf::from("/usr/sbin/nginx"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: install nginx, set PLIMSOLL_NGINX, or run `cargo xtask test`",
        path.display()
    );
    path
}

/// The files it serves.
fn site(folder: &Path) {
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap_or_else(|e| panic!("write {name}: {e}"));
    };
    write("page.html", &"<p>all is well on board</p>\n".repeat(400));
    write("part.html", "an included part");
    // A page with server-side includes has no length in advance, so it is sent in chunks.
    write("included.html", "before <!--# include virtual=\"/part.html\" --> after\n");
}

fn certificate(folder: &Path) {
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("make a certificate");
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).expect("write the certificate");
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())
        .expect("write the key");
}

/// One process without workers, so that killing it leaves nothing behind.
fn configuration(folder: &Path, ports: &Ports) -> String {
    let (plain, secure) = (ports.plain.number, ports.secure.number);
    let folder = folder.display();
    format!(
        "daemon off; master_process off; pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type text/html;
    gzip on; gzip_min_length 100;
    client_max_body_size 1k;
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{secure} ssl http2;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        # Asks for a client certificate, whoever signed it.
        ssl_verify_client optional_no_ca;
        location = /client {{ default_type text/plain; return 200 $ssl_client_s_dn; }}
        root {folder};
        # The server closes each connection after three requests.
        keepalive_requests 3;
        location = /included.html {{ ssi on; }}
        location = /moved {{ return 302 /page.html; }}
        location = /gone {{ return 301 /moved; }}
        location = /nothing {{ return 204; }}
        location = /abrupt {{ return 444; }}
        location = /status {{ stub_status; }}
    }}
}}
"
    )
}
