"""The usual loader of a Lambda function: boto3's batch_writer over the rows of unloaded files.

boto3_load.py --endpoint URL [--ca FILE] --table NAME --threads N [--items N] [--seconds S] [--retries standard|adaptive] --plan FILE FILE...

Every thread has its own session and takes file after file. Prints {"items": N, "failure": text or null}.
"""
import argparse
import json
import queue
import subprocess
import threading
import time
from decimal import Decimal

import boto3
from botocore.config import Config


def lines_of(path):
    if path.endswith('.gz'):
        import gzip
        with gzip.open(path, 'rb') as file:
            yield from file
        return
    with subprocess.Popen(['zstd', '-dcq', path], stdout=subprocess.PIPE) as process:
        try:
            yield from process.stdout
        finally:
            process.kill()


def item_of(line, columns):
    row = json.loads(line)
    item = {}
    for index, (name, kind) in enumerate(columns):
        value = row[f'c{index}']
        if value is None:
            continue
        if kind == 'integer':
            value = Decimal(value)
        elif kind == 'boolean':
            value = value == 'true'
        item[name] = value
    return item


class Load:
    def __init__(self, options):
        self.options = options
        self.columns = [(c['name'], c['type']) for c in json.load(open(options.plan))['columns']]
        self.files = queue.SimpleQueue()
        for path in options.files:
            self.files.put(path)
        self.left = options.items
        self.end = time.monotonic() + options.seconds
        self.lock = threading.Lock()
        self.sent = 0
        self.failure = None

    def table(self):
        config = Config(region_name='us-west-2', retries={'mode': self.options.retries, 'max_attempts': 10},
                        max_pool_connections=4)
        session = boto3.session.Session(aws_access_key_id='AKIDEXAMPLE',
                                        aws_secret_access_key='wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
        resource = session.resource('dynamodb', endpoint_url=self.options.endpoint,
                                    verify=self.options.ca or None, config=config)
        return resource.Table(self.options.table)

    def reserve(self, count):
        with self.lock:
            taken = min(count, self.left)
            self.left -= taken
            return taken

    def work(self):
        try:
            self.load_files(self.table())
        except Exception as error:  # the thread ends: tell the main one
            self.failure = error

    def load_files(self, table):
        while time.monotonic() < self.end:
            try:
                path = self.files.get_nowait()
            except queue.Empty:
                return
            if not self.load_file(table, path):
                return

    def load_file(self, table, path):
        room = 0
        sent = 0
        with table.batch_writer() as writer:
            for line in lines_of(path):
                if room == 0:
                    room = self.reserve(25)
                    if room == 0 or time.monotonic() >= self.end:
                        break
                room -= 1
                sent += 1
                writer.put_item(Item=item_of(line, self.columns))
        with self.lock:
            self.sent += sent
        return time.monotonic() < self.end and self.left > 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--endpoint', required=True)
    parser.add_argument('--ca')
    parser.add_argument('--plan', required=True)
    parser.add_argument('--table', required=True)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--items', type=int, default=10**12)
    parser.add_argument('--seconds', type=float, default=10**6)
    parser.add_argument('--retries', default='standard')
    parser.add_argument('files', nargs='+')
    load = Load(parser.parse_args())
    threads = [threading.Thread(target=load.work) for _ in range(load.options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({'items': load.sent, 'failure': load.failure and str(load.failure)}))


main()
