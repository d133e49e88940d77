/* curl_connection.c - see curl_connection.h: CURLOPT_CONNECT_ONLY, curl_easy_send and _recv. */
#include "curl_connection.h"

#include <sys/socket.h>

#define SET(easy, option, value) R2D_CURL_SET(easy, option, value)

static R2dIo io_of(CURLcode code, size_t count)
{
    if (code == CURLE_AGAIN)
        return R2D_IO_LATER;
    if (code != CURLE_OK)
        return R2D_IO_BROKEN;
    return count > 0 ? R2D_IO_SOME : R2D_IO_CLOSED;
}

R2dIo r2d_curl_connection_send(R2dCurlConnection *connection, R2dView data, size_t *count)
{
    *count = 0;
    CURLcode code = curl_easy_send(connection->handle.easy, data.data, data.len, count);
    return io_of(code, *count);
}

R2dIo r2d_curl_connection_receive(R2dCurlConnection *connection,
                                  char data[R2D_CONNECTION_READ_BYTES], size_t *count)
{
    *count = 0;
    CURLcode code = curl_easy_recv(connection->handle.easy, data, R2D_CONNECTION_READ_BYTES, count);
    return io_of(code, *count);
}

/*
 * libcurl keeps an open connection among its idle ones, and closes those that have input or are too
 * many; the first receive takes it out of them for good. Nothing can have come yet: servers speak
 * when they are spoken to.
 */
static bool claim(R2dCurlConnection *connection)
{
    char data[R2D_CONNECTION_READ_BYTES];
    size_t count;
    return r2d_curl_connection_receive(connection, data, &count) == R2D_IO_LATER;
}

/* Also when the process is killed: what is still to be sent is dropped. Else it would go on being
 * sent, and might be done, long after we have given up. */
static bool close_by_reset(curl_socket_t fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0;
}

static void on_done(R2dCurlHandle *handle, CURLcode code)
{
    R2dCurlConnection *connection = handle->owner;
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (code == CURLE_OK &&
        (curl_easy_getinfo(handle->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
         fd == CURL_SOCKET_BAD || !close_by_reset(fd) || !claim(connection)))
        code = CURLE_RECV_ERROR;
    if (code == CURLE_OK)
        connection->fd = (int)fd;
    else
        r2d_curl_connection_close(connection);
    connection->opened(connection, code);
}

bool r2d_curl_connection_init(R2dCurlConnection *connection, R2dCurlEngine *engine)
{
    connection->fd = -1;
    connection->handle.done = on_done;
    connection->handle.owner = connection;
    if (r2d_curl_handle_open(&connection->handle, engine) &&
        SET(connection->handle.easy, CURLOPT_CONNECT_ONLY, 1L) &&
        SET(connection->handle.easy, CURLOPT_HTTPPROXYTUNNEL, 1L))
        return true;
    r2d_curl_connection_free(connection);
    return false;
}

void r2d_curl_connection_free(R2dCurlConnection *connection)
{
    r2d_curl_connection_close(connection);
    r2d_curl_handle_close(&connection->handle);
}

bool r2d_curl_connection_dial(R2dCurlConnection *connection, const char *url, int timeout_ms)
{
    return SET(connection->handle.easy, CURLOPT_URL, url) &&
           SET(connection->handle.easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms) &&
           r2d_curl_handle_start(&connection->handle);
}

/* Taking the handle out of the multi handle closes a connection that was only connected. */
void r2d_curl_connection_close(R2dCurlConnection *connection)
{
    connection->fd = -1;
    r2d_curl_handle_stop(&connection->handle);
}
