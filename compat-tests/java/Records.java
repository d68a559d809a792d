// Records as the Java producer sends them and the Java consumer sees them.

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Keys, values and header values travel as base64; null is null. */
final class Records {
  private final String bootstrap;

  Records(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  void register(Map<String, Driver.Command> commands) {
    commands.put("produce", this::produce);
    commands.put("consume", this::consume);
  }

  /** Sends all records before it waits, so that they may share batches. Gives their partitions and offsets. */
  private Object produce(JsonNode with) throws Exception {
    Properties properties = properties(bootstrap, with.get("config"));
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (JsonNode record : with.get("records")) {
        sent.add(producer.send(record(with.get("topic").asText(), record)));
      }
      producer.flush();
    }
    List<Map<String, Object>> places = new ArrayList<>();
    for (Future<RecordMetadata> future : sent) {
      RecordMetadata place = future.get();
      places.add(Map.of("partition", place.partition(), "offset", place.offset()));
    }
    return places;
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, JsonNode record)
      throws IOException {
    Integer partition = record.hasNonNull("partition") ? record.get("partition").asInt() : null;
    Long timestamp = record.hasNonNull("timestamp") ? record.get("timestamp").asLong() : null;
    ProducerRecord<byte[], byte[]> made =
        new ProducerRecord<>(
            topic, partition, timestamp, bytes(record.get("key")), bytes(record.get("value")));
    if (record.has("headers")) {
      for (JsonNode header : record.get("headers")) {
        made.headers().add(header.get(0).asText(), bytes(header.get(1)));
      }
    }
    return made;
  }

  /** Everything in a topic, from its start to the end that it has now, in the order of partition and offset. */
  private Object consume(JsonNode with) {
    Properties properties = properties(bootstrap, with.get("config"));
    String topic = with.get("topic").asText();
    List<Map<String, Object>> seen = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(known -> new TopicPartition(topic, known.partition()))
              .collect(Collectors.toList());
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long deadline = System.nanoTime() + 30_000_000_000L;
      while (partitions.stream().anyMatch(place -> consumer.position(place) < ends.get(place))) {
        if (System.nanoTime() > deadline) throw new IllegalStateException("not read in 30 s");
        consumer.poll(Duration.ofMillis(200)).forEach(record -> seen.add(seen(record)));
      }
    }
    return seen;
  }

  static Map<String, Object> seen(ConsumerRecord<byte[], byte[]> record) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("partition", record.partition());
    fields.put("offset", record.offset());
    fields.put("timestamp", record.timestamp());
    fields.put("timestampType", record.timestampType().toString());
    fields.put("key", record.key());
    fields.put("value", record.value());
    List<Object[]> headers = new ArrayList<>();
    for (Header header : record.headers()) headers.add(new Object[] {header.key(), header.value()});
    fields.put("headers", headers);
    return fields;
  }

  static Properties properties(String bootstrap, JsonNode config) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("client.id", "java");
    if (config != null) {
      config.fields().forEachRemaining(entry -> properties.put(entry.getKey(), entry.getValue().asText()));
    }
    return properties;
  }

  private static byte[] bytes(JsonNode base64) throws IOException {
    return base64 == null || base64.isNull() ? null : base64.binaryValue();
  }
}
