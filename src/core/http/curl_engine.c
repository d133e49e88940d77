/* curl_engine.c - see curl_engine.h. */
#include "curl_engine.h"
#include "../base/address.h"
#include "failure.h"

#include <errno.h>
#include <sys/epoll.h>

#define SET(easy, option, value)        R2D_CURL_SET(easy, option, value)
#define SET_MULTI(multi, option, value) (curl_multi_setopt(multi, option, value) == CURLM_OK)

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    R2dCurlHandle *handle = context;
    (void)purpose;
    handle->is_metadata = r2d_address_socket_is_metadata(&address->addr);
    if (handle->is_metadata)
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    static const uint32_t events[] = {[CURL_POLL_IN] = EPOLLIN,
                                      [CURL_POLL_OUT] = EPOLLOUT,
                                      [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
                                      [CURL_POLL_REMOVE] = 0};
    (void)easy, (void)known;
    r2d_http_watch_socket(context, fd, R2D_CURL_SOCKETS, events[what]);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    r2d_http_watch_timer(context, timeout_ms);
    return 0;
}

static bool set_constants(CURL *easy)
{
    static const struct {
        CURLoption option;
        long value;
    } constants[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_PATH_AS_IS, 1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
        {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_TCP_NODELAY, 1},
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_TCP_KEEPIDLE, 30},
        {CURLOPT_TCP_KEEPINTVL, 10},
#if LIBCURL_VERSION_NUM >= 0x075700
        {CURLOPT_QUICK_EXIT, 1}, /* cancel does not wait for the resolver thread */
#endif
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        ok &= SET(easy, constants[i].option, constants[i].value);
    return ok;
}

/* Texts are copied by libcurl. */
static bool set_pointers(R2dCurlHandle *handle)
{
    const R2dCurlEngine *engine = handle->engine;
    CURL *easy = handle->easy;
    return SET(easy, CURLOPT_PRIVATE, (void *)handle) &&
           SET(easy, CURLOPT_ERRORBUFFER, handle->error_text) &&
           SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket) &&
           SET(easy, CURLOPT_OPENSOCKETDATA, (void *)handle) &&
           SET(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
           SET(easy, CURLOPT_SHARE, engine->share) &&
           (engine->options.ca_file == NULL || SET(easy, CURLOPT_CAINFO, engine->options.ca_file));
}

bool r2d_curl_handle_open(R2dCurlHandle *handle, R2dCurlEngine *engine)
{
    handle->engine = engine;
    handle->is_running = false;
    handle->easy = curl_easy_init();
    if (handle->easy != NULL && set_constants(handle->easy) && set_pointers(handle))
        return true;
    r2d_curl_handle_close(handle);
    return false;
}

void r2d_curl_handle_close(R2dCurlHandle *handle)
{
    r2d_curl_handle_stop(handle);
    if (handle->easy != NULL)
        curl_easy_cleanup(handle->easy);
    handle->easy = NULL;
}

bool r2d_curl_handle_start(R2dCurlHandle *handle)
{
    handle->error_text[0] = '\0';
    handle->is_metadata = false;
    handle->is_running = curl_multi_add_handle(handle->engine->multi, handle->easy) == CURLM_OK;
    return handle->is_running;
}

void r2d_curl_handle_stop(R2dCurlHandle *handle)
{
    if (handle->is_running)
        curl_multi_remove_handle(handle->engine->multi, handle->easy);
    handle->is_running = false;
}

void r2d_curl_explain(const R2dCurlHandle *handle, CURLcode code, R2dHttpExchange *exchange)
{
    static const struct {
        CURLcode code;
        R2dAction action;
        const char *hint;
    } known[] = {
        {CURLE_COULDNT_RESOLVE_HOST, R2D_ACT_RETRY, "Check the Region and the endpoint."},
        {CURLE_PEER_FAILED_VERIFICATION, R2D_ACT_STOP, "Check the endpoint and the CA file."},
        {CURLE_SSL_CACERT_BADFILE, R2D_ACT_STOP, "Check the CA file."},
        {CURLE_URL_MALFORMAT, R2D_ACT_STOP, "Check the endpoint."},
        {CURLE_UNSUPPORTED_PROTOCOL, R2D_ACT_STOP, "Check the endpoint."},
        {CURLE_LOGIN_DENIED, R2D_ACT_STOP, "Check the endpoint."},
        {CURLE_OK, R2D_ACT_RETRY, NULL}, /* all others */
    };
    const char *text =
        handle->error_text[0] != '\0' ? handle->error_text : curl_easy_strerror(code);
    int i = 0;
    while (known[i].code != code && known[i].code != CURLE_OK)
        i++;
    if (code == CURLE_OUT_OF_MEMORY)
        r2d_fail_memory(&exchange->error);
    else if (strncmp(text, "Operation too slow", 18) == 0) /* its figures are not the user's */
        r2d_http_failure_silence(exchange);
    else if (handle->is_metadata)
        r2d_http_failure(exchange, R2D_ACT_STOP, "it leads to a link-local address", NULL);
    else
        r2d_http_failure(exchange, known[i].action, text, known[i].hint);
}

/*
 * A new connection may start libcurl's resolver thread, which inherits the signal mask: with all
 * signals blocked it never runs a handler that belongs to the main thread. Any turn of libcurl's
 * may open one (a reused connection that died is replaced without notice).
 */
static void block_signals(R2dCurlEngine *engine)
{
    sigset_t all;
    if (engine->masked)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &engine->signals);
    engine->masked = true;
}

static void unblock_signals(R2dCurlEngine *engine)
{
    if (engine->masked)
        pthread_sigmask(SIG_SETMASK, &engine->signals, NULL);
    engine->masked = false;
}

void r2d_curl_engine_socket(R2dCurlEngine *engine, const R2dHttpReady *ready)
{
    uint32_t seen = ready->events;
    int running, what = (seen & EPOLLIN ? CURL_CSELECT_IN : 0) |
                        (seen & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                        (seen & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    block_signals(engine);
    curl_multi_socket_action(engine->multi, ready->fd, what, &running);
}

static void run_timer(R2dCurlEngine *engine)
{
    int running;
    if (!r2d_http_watch_is_due(&engine->watch))
        return;
    r2d_http_watch_timer(&engine->watch, -1);
    block_signals(engine);
    curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static void tell_done(R2dCurlEngine *engine)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
        R2dCurlHandle *handle;
        CURLcode code = message->data.result; /* the message may die with what `done` does */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&handle);
        handle->done(handle, code);
    }
}

R2dStatus r2d_curl_engine_turn(R2dCurlEngine *engine, R2dError *err)
{
    run_timer(engine);
    unblock_signals(engine);
    tell_done(engine);
    return engine->watch.is_broken
               ? r2d_fail(err, R2D_ERR_INTERNAL, "epoll refused a socket of the HTTP client")
               : R2D_OK;
}

static bool set_multi(R2dCurlEngine *engine)
{
    CURLM *multi = engine->multi;
    return SET_MULTI(multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
           SET_MULTI(multi, CURLMOPT_SOCKETDATA, (void *)&engine->watch) &&
           SET_MULTI(multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
           SET_MULTI(multi, CURLMOPT_TIMERDATA, (void *)&engine->watch) &&
           SET_MULTI(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) &&
           SET_MULTI(multi, CURLMOPT_MAXCONNECTS, (long)engine->options.max_connections);
}

static bool open_share(R2dCurlEngine *engine)
{
    engine->share = curl_share_init();
    return engine->share != NULL && curl_share_setopt(engine->share, CURLSHOPT_SHARE,
                                                      CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK;
}

/* Handles are made later: the options' texts must outlive the call that gave them. */
static bool keep_text(R2dBytes *to, const char **text)
{
    if (*text == NULL)
        return true;
    bool ok = r2d_bytes_append(to, *text, strlen(*text) + 1);
    *text = to->data;
    return ok;
}

R2dStatus r2d_curl_engine_open(R2dCurlEngine *engine, const R2dAlloc *alloc,
                               const R2dHttpCurlOptions *options, R2dError *err)
{
    *engine = (R2dCurlEngine){.alloc = alloc, .options = *options};
    r2d_bytes_init(&engine->ca_file, alloc);
    r2d_bytes_init(&engine->user_agent, alloc);
    engine->multi = curl_multi_init();
    if (!r2d_http_watch_open(&engine->watch))
        return r2d_fail(err, R2D_ERR_INTERNAL, "cannot make an epoll descriptor: %s",
                        strerrordesc_np(errno));
    if (engine->multi != NULL && set_multi(engine) && open_share(engine) &&
        keep_text(&engine->ca_file, &engine->options.ca_file) &&
        keep_text(&engine->user_agent, &engine->options.user_agent))
        return R2D_OK;
    return r2d_fail_memory(err);
}

void r2d_curl_engine_close(R2dCurlEngine *engine)
{
    if (engine->multi != NULL)
        curl_multi_cleanup(engine->multi);
    if (engine->share != NULL)
        curl_share_cleanup(engine->share);
    r2d_http_watch_close(&engine->watch);
    r2d_bytes_free(&engine->ca_file);
    r2d_bytes_free(&engine->user_agent);
}
