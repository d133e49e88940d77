/*
 * ceiling.c - how fast libcurl can send at all: ready-made bodies, each hashed and signed, many in
 * flight over kept-alive TLS connections. No file is read, decompressed or encoded, and a reply is
 * only checked for its status. What a loader over libcurl reaches is a share of this.
 *
 *   ceiling <url> <ca file> <bodies file> <requests> <in flight>
 *
 * The bodies file holds bodies with their length (32 bits, little-endian) before each.
 */
#include "../src/core/aws/call.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define BODIES_MAX    4096
#define IN_FLIGHT_MAX 256
#define EVENTS_MAX    64
#define HEADER_BYTES  1024

typedef struct Flight {
    CURL *easy;
    R2dAwsCall call;
    R2dAwsPair pairs[2];
    struct curl_slist headers[R2D_HTTP_HEADERS_MAX + 3];
    char lines[R2D_HTTP_HEADERS_MAX][HEADER_BYTES];
} Flight;

static struct {
    CURLM *multi;
    int epoll_fd;
    long timeout_ms;
    R2dAwsService service;
    R2dCredentials credentials;
    R2dView bodies[BODIES_MAX];
    int body_count;
    long requests, started, done;
    Flight flights[IN_FLIGHT_MAX];
} run;

static void die(const char *what)
{
    fprintf(stderr, "ceiling: %s\n", what);
    exit(1);
}

static void check(bool ok, const char *what)
{
    if (!ok)
        die(what);
}

static void read_bodies(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint32_t len;
    check(file != NULL, "cannot open the bodies");
    while (run.body_count < BODIES_MAX && fread(&len, sizeof len, 1, file) == 1) {
        char *body = malloc(len);
        check(body != NULL && fread(body, 1, len, file) == len, "the bodies are cut short");
        run.bodies[run.body_count++] = r2d_view(body, len);
    }
    check(run.body_count > 0, "there are no bodies");
    fclose(file);
}

static size_t ignore_body(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)context;
    return size * count;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct epoll_event event = {.data.fd = fd};
    (void)easy, (void)context, (void)known;
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    if (what == CURL_POLL_REMOVE)
        epoll_ctl(run.epoll_fd, EPOLL_CTL_DEL, fd, &event);
    else if (epoll_ctl(run.epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        epoll_ctl(run.epoll_fd, EPOLL_CTL_MOD, fd, &event);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi, (void)context;
    run.timeout_ms = timeout_ms;
    return 0;
}

static void add_line(Flight *flight, int *count, const char *line)
{
    flight->headers[*count] = (struct curl_slist){.data = (char *)line};
    if (*count > 0)
        flight->headers[*count - 1].next = &flight->headers[*count];
    ++*count;
}

static void start(Flight *flight)
{
    R2dView body = run.bodies[run.started % run.body_count];
    R2dHttpExchange *exchange = &flight->call.exchange;
    R2dAwsRequest request;
    R2dError err;
    int count = 0;
    r2d_aws_json_request(&request, flight->pairs, "DynamoDB_20120810.BatchWriteItem",
                         "application/x-amz-json-1.0", body);
    check(r2d_aws_prepare(&run.service, &flight->call, &request, &err) == R2D_OK, "cannot sign");
    while (count < exchange->header_count) {
        const R2dHttpHeader *header = &exchange->headers[count];
        snprintf(flight->lines[count], HEADER_BYTES, "%.*s: %.*s", (int)header->name.len,
                 header->name.data, (int)header->value.len, header->value.data);
        add_line(flight, &count, flight->lines[count]);
    }
    add_line(flight, &count, "Expect:");
    add_line(flight, &count, "Accept:");
    curl_easy_setopt(flight->easy, CURLOPT_HTTPHEADER, flight->headers);
    curl_easy_setopt(flight->easy, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(flight->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    check(curl_multi_add_handle(run.multi, flight->easy) == CURLM_OK, "cannot add a request");
    run.started++;
}

static void open_flight(Flight *flight, const char *url, const char *ca_file)
{
    r2d_aws_call_init(&flight->call, &r2d_alloc_libc);
    flight->easy = curl_easy_init();
    curl_easy_setopt(flight->easy, CURLOPT_URL, url);
    curl_easy_setopt(flight->easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(flight->easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(flight->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(flight->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(flight->easy, CURLOPT_WRITEFUNCTION, ignore_body);
    curl_easy_setopt(flight->easy, CURLOPT_PRIVATE, (void *)flight);
}

static void collect_done(void)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(run.multi, &left)) != NULL) {
        Flight *flight;
        long status = 0;
        check(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&flight);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        check(status == 200, "the sink did not answer with status 200");
        curl_multi_remove_handle(run.multi, flight->easy);
        run.done++;
        if (run.started < run.requests)
            start(flight);
    }
}

static void move_all(void)
{
    struct epoll_event events[EVENTS_MAX];
    int running;
    int count = epoll_wait(run.epoll_fd, events, EVENTS_MAX, (int)run.timeout_ms);
    if (count == 0) {
        run.timeout_ms = -1;
        curl_multi_socket_action(run.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (int i = 0; i < count; i++) {
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(run.multi, events[i].data.fd, what, &running);
    }
    collect_done();
}

static void open_service(const char *url)
{
    R2dError err;
    r2d_credentials_init(&run.credentials, &r2d_alloc_libc);
    check(r2d_credentials_set(&run.credentials, r2d_view_of("AKIDEXAMPLE"),
                              r2d_view_of("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                              r2d_view_of("")),
          "out of memory");
    r2d_aws_service_init(&run.service, &r2d_alloc_libc, &r2d_clock_system, "dynamodb",
                         &run.credentials);
    snprintf(run.service.region, sizeof run.service.region, "us-west-2");
    check(r2d_endpoint_custom(&run.service.endpoint, url, &err) == R2D_OK, "the URL is not usable");
}

static void open_multi(int in_flight)
{
    run.multi = curl_multi_init();
    run.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    run.timeout_ms = -1;
    curl_multi_setopt(run.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(run.multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(run.multi, CURLMOPT_MAXCONNECTS, (long)in_flight);
    curl_multi_setopt(run.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)in_flight);
}

int main(int argc, char **argv)
{
    check(argc == 6, "usage: ceiling url ca_file bodies requests in_flight");
    int in_flight = atoi(argv[5]);
    run.requests = atol(argv[4]);
    check(in_flight > 0 && in_flight <= IN_FLIGHT_MAX && run.requests >= in_flight,
          "the numbers of requests and of those in flight are not usable");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    read_bodies(argv[3]);
    open_service(argv[1]);
    open_multi(in_flight);
    for (int i = 0; i < in_flight; i++) {
        open_flight(&run.flights[i], argv[1], argv[2]);
        start(&run.flights[i]);
    }
    while (run.done < run.requests)
        move_all();
    printf("{\"requests\": %ld}\n", run.done);
    return 0;
}
