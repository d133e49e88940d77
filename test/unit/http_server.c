/* http_server.c - the tests' HTTP server: one process that accepts, one for each connection. */
#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Connection {
    int fd;
    int count; /* requests so far */
    char in[256 * 1024];
    size_t in_len;
    size_t head_len, body_len;
} Connection;

char http_server_pattern(size_t i)
{
    return (char)('a' + (i * 7 + i / 251) % 26);
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            _exit(0);
        data += n;
        len -= (size_t)n;
    }
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

static void send_pattern(int fd, size_t from, size_t to)
{
    char block[64 * 1024];
    while (from < to) {
        size_t len = to - from < sizeof block ? to - from : sizeof block;
        for (size_t i = 0; i < len; i++)
            block[i] = http_server_pattern(from + i);
        send_all(fd, block, len);
        from += len;
    }
}

static void send_head(const Connection *connection, int status, const char *more)
{
    char head[512];
    snprintf(head, sizeof head, "HTTP/1.1 %d Word\r\nx-conn: %d\r\nx-count: %d\r\n%s\r\n", status,
             (int)getpid(), connection->count, more);
    send_text(connection->fd, head);
}

static void send_sized(const Connection *connection, int status, size_t promised)
{
    char more[64];
    snprintf(more, sizeof more, "Content-Length: %zu\r\n", promised);
    send_head(connection, status, more);
}

static void send_chunked(const Connection *connection, size_t size)
{
    char line[32];
    send_head(connection, 200, "Transfer-Encoding: chunked\r\n");
    for (size_t at = 0, step = 1; at < size; step = step * 3 % 20011 + 1) {
        size_t to = at + step < size ? at + step : size;
        snprintf(line, sizeof line, "%zx;ext=1\r\n", to - at);
        send_text(connection->fd, line);
        send_pattern(connection->fd, at, to);
        send_text(connection->fd, "\r\n");
        at = to;
    }
    send_text(connection->fd, "0\r\nx-count: trailer\r\n\r\n");
}

static void send_body(const Connection *connection, int status, const char *body)
{
    send_sized(connection, status, strlen(body));
    send_text(connection->fd, body);
}

static void flood(const Connection *connection)
{
    send_text(connection->fd, "HTTP/1.1 200 OK\r\n");
    for (;;)
        send_text(connection->fd,
                  "x-filler: 0123456789012345678901234567890123456789012345678\r\n");
}

/* The number behind a path's prefix, or -1. */
static long number_after(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(path, prefix, len) == 0 ? atol(path + len) : -1;
}

static bool answer_sizes(const Connection *connection, const char *path)
{
    char body[32];
    long n;
    if ((n = number_after(path, "/size/")) >= 0) {
        send_sized(connection, 200, (size_t)n);
        send_pattern(connection->fd, 0, (size_t)n);
    } else if ((n = number_after(path, "/chunked/")) >= 0) {
        send_chunked(connection, (size_t)n);
    } else if ((n = number_after(path, "/eof/")) >= 0) {
        send_head(connection, 200, "Connection: close\r\n");
        send_pattern(connection->fd, 0, (size_t)n);
        _exit(0);
    } else if ((n = number_after(path, "/cut/")) >= 0) {
        send_sized(connection, 200, (size_t)n + 1);
        send_pattern(connection->fd, 0, (size_t)n);
        _exit(0);
    } else if ((n = number_after(path, "/status/")) >= 0) {
        snprintf(body, sizeof body, "status %ld", n);
        send_body(connection, (int)n, body);
    } else {
        return false;
    }
    return true;
}

static void answer_others(const Connection *connection, const char *path)
{
    if (strcmp(path, "/interim") == 0) {
        send_text(connection->fd, "HTTP/1.1 100 Continue\r\nx-interim: yes\r\n\r\n");
        send_body(connection, 200, "done");
    } else if (strcmp(path, "/drop") == 0) {
        send_body(connection, 200, "dropped");
        _exit(0);
    } else if (strcmp(path, "/twice") == 0) {
        send_body(connection, 200, "asked");
        usleep(20000); /* mostly in another piece */
        send_body(connection, 200, "unasked");
    } else if (strcmp(path, "/first") == 0) {
        if (connection->count > 1)
            _exit(0);
        send_body(connection, 200, "first");
    } else if (strcmp(path, "/mute") == 0) {
        _exit(0);
    } else if (strcmp(path, "/early") == 0) {
        send_body(connection, 413, "early");
        sleep(60);
    } else if (strcmp(path, "/silent") == 0) {
        send_sized(connection, 200, 100);
        send_pattern(connection->fd, 0, 50);
        sleep(60);
    } else if (strcmp(path, "/never") == 0) {
        sleep(60);
    } else if (strcmp(path, "/flood") == 0) {
        flood(connection);
    } else {
        send_sized(connection, 200, connection->head_len + connection->body_len);
        send_all(connection->fd, connection->in, connection->head_len + connection->body_len);
    }
}

static void receive(Connection *connection)
{
    ssize_t n = recv(connection->fd, connection->in + connection->in_len,
                     sizeof connection->in - 1 - connection->in_len, 0);
    if (n <= 0)
        _exit(0);
    connection->in_len += (size_t)n;
    connection->in[connection->in_len] = '\0';
}

static void read_request(Connection *connection)
{
    const char *end, *length;
    connection->in[connection->in_len] = '\0';
    while ((end = strstr(connection->in, "\r\n\r\n")) == NULL)
        receive(connection);
    connection->head_len = (size_t)(end - connection->in) + 4;
    length = strcasestr(connection->in, "\r\ncontent-length:");
    connection->body_len = length != NULL && length < end ? (size_t)atol(length + 17) : 0;
    if (strstr(connection->in, " /early ") != NULL)
        connection->body_len = 0;
    while (connection->in_len < connection->head_len + connection->body_len)
        receive(connection);
}

static void serve(int fd)
{
    static Connection connection;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection.fd = fd;
    for (;;) {
        char path[1024] = "";
        read_request(&connection);
        connection.count++;
        sscanf(connection.in, "%*15s %1023s", path);
        if (strncmp(connection.in, "HEAD ", 5) == 0)
            send_sized(&connection, 200, 1234);
        else if (!answer_sizes(&connection, path))
            answer_others(&connection, path);
        size_t used = connection.head_len + connection.body_len;
        memmove(connection.in, connection.in + used, connection.in_len - used);
        connection.in_len -= used;
    }
}

static void accept_all(int listener)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            serve(fd);
        }
        close(fd);
    }
}

void http_server_start(HttpServer *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) != 0 ||
        listen(listener, 128) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        abort();
    server->port = ntohs(address.sin_port);
    snprintf(server->base_url, sizeof server->base_url, "http://127.0.0.1:%d", server->port);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    server->pid = fork();
    if (server->pid == 0)
        accept_all(listener);
    setpgid(server->pid, server->pid);
    close(listener);
}

void http_server_stop(HttpServer *server)
{
    kill(-server->pid, SIGKILL);
    while (waitpid(-server->pid, NULL, 0) > 0) /* the connections' processes, too */
        ;
}
