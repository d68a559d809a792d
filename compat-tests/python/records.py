"""kafka-python as producer and consumer of whole topics.

records.py codecs             prints the codecs that are installed
records.py write BOOTSTRAP    reads [{"topic", "codec", "records"}] as JSON from standard input and produces them
records.py read BOOTSTRAP     reads [topic] from standard input and prints {topic: records}

A record is {"key", "value", "headers"}: texts or null, and pairs of texts.
"""

import json
import sys


def encoded(text):
    return None if text is None else text.encode()


def decoded(octets):
    return None if octets is None else octets.decode()


def codecs():
    from kafka import codec

    names = {
        "gzip": codec.has_gzip,
        "snappy": codec.has_snappy,
        "lz4": codec.has_lz4,
        "zstd": codec.has_zstd,
    }
    return ["none"] + [name for name, is_there in names.items() if is_there()]


def write(bootstrap, batches):
    from kafka import KafkaProducer

    for batch in batches:
        compression = None if batch["codec"] == "none" else batch["codec"]
        producer = KafkaProducer(
            bootstrap_servers=[bootstrap],
            compression_type=compression,
            linger_ms=50,
            max_request_size=10_000_000,
        )
        sent = [
            producer.send(
                batch["topic"],
                key=encoded(record["key"]),
                value=encoded(record["value"]),
                headers=[(name, encoded(text)) for name, text in record["headers"]],
                partition=0,
            )
            for record in batch["records"]
        ]
        producer.flush(30)
        for future in sent:
            future.get(30)
        producer.close()


def read(bootstrap, topics):
    from kafka import KafkaConsumer, TopicPartition

    places = [TopicPartition(topic, 0) for topic in topics]
    consumer = KafkaConsumer(bootstrap_servers=[bootstrap], fetch_max_wait_ms=50)
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    ends = consumer.end_offsets(places)
    seen = {topic: [] for topic in topics}
    while any(consumer.position(place) < ends[place] for place in places):
        for place, records in consumer.poll(1000).items():
            for record in records:
                seen[place.topic].append(
                    {
                        "key": decoded(record.key),
                        "value": decoded(record.value),
                        "headers": [[name, decoded(octets)] for name, octets in record.headers],
                    }
                )
    consumer.close()
    return seen


if sys.argv[1] == "codecs":
    print(json.dumps(codecs()))
elif sys.argv[1] == "write":
    write(sys.argv[2], json.load(sys.stdin))
else:
    print(json.dumps(read(sys.argv[2], json.load(sys.stdin))))
