/* tls_front.c - see tls_front.h: a process that accepts, and one for each connection. */
#include "tls_front.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAY_S         86400
#define KEY_UPDATE_MS 200

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    check(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *address)
{
    char names[64];
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    snprintf(names, sizeof names, "IP:%s", address);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), DAY_S);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, NID_subject_alt_name, names);
    check(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static void write_certificate(TlsFront *front, X509 *certificate)
{
    unit_temp_file(front->ca_file);
    FILE *file = fopen(front->ca_file, "w");
    check(file != NULL && PEM_write_X509(file, certificate) == 1);
    fclose(file);
}

static SSL_CTX *make_context(TlsFront *front, const char *address)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(key, address);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"test", 4);
    check(SSL_CTX_use_certificate(context, certificate) == 1);
    check(SSL_CTX_use_PrivateKey(context, key) == 1);
    write_certificate(front, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

static int connect_to(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        _exit(0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void to_backend(SSL *ssl, int backend)
{
    char data[16384];
    int len = SSL_read(ssl, data, sizeof data);
    if (len <= 0 || send(backend, data, (size_t)len, MSG_NOSIGNAL) != len)
        _exit(0);
}

static void send_tls(SSL *ssl, const char *data, size_t len)
{
    if (len > 0 && SSL_write(ssl, data, (int)len) <= 0)
        _exit(0);
}

/* The test's server sends the head of a reply in one piece. */
static void to_client(SSL *ssl, int backend)
{
    char data[16384];
    const char *resumed = SSL_session_reused(ssl) ? "x-resumed: 1\r\n" : "x-resumed: 0\r\n";
    ssize_t len = recv(backend, data, sizeof data, 0);
    if (len <= 0) {
        SSL_shutdown(ssl);
        _exit(0);
    }
    size_t first = 0;
    if (len > 5 && memcmp(data, "HTTP/", 5) == 0) {
        const char *newline = memchr(data, '\n', (size_t)len);
        first = newline != NULL ? (size_t)(newline - data) + 1 : 0;
        send_tls(ssl, data, first);
        send_tls(ssl, resumed, strlen(resumed));
    }
    send_tls(ssl, data + first, (size_t)len - first);
}

/* Bytes of TLS that carry none of anybody's. */
static void change_key(SSL *ssl)
{
    if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1)
        _exit(0);
}

static void serve(SSL_CTX *context, int client, int backend_port)
{
    SSL *ssl = SSL_new(context);
    int on = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(ssl, client);
    if (SSL_accept(ssl) != 1)
        _exit(0);
    int backend = connect_to(backend_port);
    for (;;) {
        struct pollfd fds[] = {{.fd = client, .events = POLLIN}, {.fd = backend, .events = POLLIN}};
        if (SSL_pending(ssl) == 0 && poll(fds, 2, KEY_UPDATE_MS) == 0)
            change_key(ssl);
        if (SSL_pending(ssl) > 0 || fds[0].revents != 0)
            to_backend(ssl, backend);
        if (fds[1].revents != 0)
            to_client(ssl, backend);
    }
}

static void accept_all(SSL_CTX *context, int listener, int backend_port)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            serve(context, fd, backend_port);
        }
        close(fd);
    }
}

void tls_front_start(TlsFront *front, int backend_port, const char *address)
{
    struct sockaddr_in bound = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof bound;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    SSL_CTX *context = make_context(front, address);
    check(bind(listener, (struct sockaddr *)&bound, len) == 0 && listen(listener, 128) == 0 &&
          getsockname(listener, (struct sockaddr *)&bound, &len) == 0);
    snprintf(front->base_url, sizeof front->base_url, "https://127.0.0.1:%d",
             ntohs(bound.sin_port));
    front->pid = fork();
    if (front->pid == 0)
        accept_all(context, listener, backend_port);
    setpgid(front->pid, front->pid);
    close(listener);
    SSL_CTX_free(context);
}

void tls_front_stop(TlsFront *front)
{
    unlink(front->ca_file);
    kill(-front->pid, SIGKILL);
    while (waitpid(-front->pid, NULL, 0) > 0)
        ;
}
