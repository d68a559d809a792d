"""kafka-python, told or finding out how old the broker is.

  produce BOOTSTRAP VERSION   standard input has `topic<TAB>codec<TAB>key<TAB>value`
  consume BOOTSTRAP VERSION GROUP COUNT TOPIC...
                              prints `topic<TAB>offset<TAB>key<TAB>value` of so many messages

VERSION is like 0.8.2, or auto.
"""

import sys

from kafka import KafkaConsumer, KafkaProducer

command, bootstrap, version, *rest = sys.argv[1:]
api_version = None if version == "auto" else tuple(int(part) for part in version.split("."))


def produce():
    by_codec = {}
    for line in sys.stdin:
        topic, codec, key, value = line.rstrip("\n").split("\t")
        by_codec.setdefault(codec, []).append((topic, key, value))
    for codec, messages in by_codec.items():
        producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            api_version=api_version,
            compression_type=None if codec == "none" else codec,
            linger_ms=50,
        )
        sent = [producer.send(topic, key=key.encode(), value=value.encode()) for topic, key, value in messages]
        producer.flush(20)
        for one in sent:
            one.get(0)
        producer.close(5)


def consume(group, count, *topics):
    consumer = KafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        api_version=api_version,
        group_id=group,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20000,
    )
    left = int(count)
    for message in consumer:
        fields = (message.topic, str(message.offset), message.key.decode(), message.value.decode())
        print("\t".join(fields))
        left -= 1
        if left == 0:
            break
    consumer.close()


produce() if command == "produce" else consume(*rest)
