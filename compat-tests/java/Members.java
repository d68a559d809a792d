// Members of consumer groups, each polling in a thread of its own until it is closed.

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

final class Members {
  private final String bootstrap;
  private final Map<String, Member> members = new HashMap<>();

  Members(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  void register(Map<String, Driver.Command> commands) {
    commands.put("join", this::join);
    commands.put("member", with -> member(with).view());
    commands.put("reads", this::reads);
    commands.put("seek", this::seek);
    commands.put("offsetForTime", this::offsetForTime);
    commands.put("committed", this::committed);
    commands.put("commit", with -> member(with).call(this::commit));
    commands.put("leave", this::leave);
  }

  private Object join(JsonNode with) {
    Properties properties = Records.properties(bootstrap, with.get("config"));
    properties.put("client.id", Topics.text(with, "name"));
    properties.put("group.id", Topics.text(with, "group"));
    Member member = new Member(properties, Topics.text(with, "topic"));
    members.put(Topics.text(with, "name"), member);
    member.thread.start();
    return true;
  }

  private Member member(JsonNode with) {
    return members.get(Topics.text(with, "name"));
  }

  /** Waits until the member has read so many records. */
  private Object reads(JsonNode with) throws Exception {
    Member member = member(with);
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (member.records.size() < with.get("count").asInt()) {
      if (System.nanoTime() > deadline) throw new IllegalStateException("it read " + member.records.size());
      Thread.sleep(10);
    }
    return true;
  }

  private Object seek(JsonNode with) throws Exception {
    long offset = with.get("offset").asLong();
    TopicPartition place = Topics.place(with);
    return member(with)
        .call(
            consumer -> {
              consumer.seek(place, offset);
              return consumer.position(place);
            });
  }

  private Object offsetForTime(JsonNode with) throws Exception {
    TopicPartition place = Topics.place(with);
    long time = with.get("time").asLong();
    OffsetAndTimestamp found =
        member(with).call(consumer -> consumer.offsetsForTimes(Map.of(place, time)).get(place));
    return found == null ? null : Map.of("offset", found.offset(), "timestamp", found.timestamp());
  }

  private Object committed(JsonNode with) throws Exception {
    TopicPartition place = Topics.place(with);
    var found =
        member(with).call(consumer -> consumer.committed(Collections.singleton(place)).get(place));
    return found == null ? null : found.offset();
  }

  private Object commit(KafkaConsumer<byte[], byte[]> consumer) {
    consumer.commitSync();
    return true;
  }

  private Object leave(JsonNode with) throws Exception {
    Member member = members.remove(Topics.text(with, "name"));
    member.closing = true;
    member.thread.join(20_000);
    return member.view();
  }

  interface Task<T> {
    T on(KafkaConsumer<byte[], byte[]> consumer);
  }

  private static final class Member implements ConsumerRebalanceListener {
    final Thread thread;
    volatile boolean closing = false;
    private final Properties properties;
    private final String topic;
    private final ConcurrentLinkedQueue<FutureTask<?>> tasks = new ConcurrentLinkedQueue<>();
    private final List<Map<String, Object>> records = Collections.synchronizedList(new ArrayList<>());
    private volatile List<Integer> assigned = List.of();
    private volatile int rebalances = 0;
    private volatile String failure = "";
    private KafkaConsumer<byte[], byte[]> consumer;

    Member(Properties properties, String topic) {
      this.properties = properties;
      this.topic = topic;
      thread = new Thread(this::poll, "member");
      thread.setDaemon(true);
    }

    private void poll() {
      try (KafkaConsumer<byte[], byte[]> own =
          new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        consumer = own;
        own.subscribe(List.of(topic), this);
        while (!closing) {
          for (FutureTask<?> task; (task = tasks.poll()) != null; ) task.run();
          records.addAll(
              StreamSupport.stream(own.poll(Duration.ofMillis(50)).spliterator(), false)
                  .map(Records::seen)
                  .collect(Collectors.toList()));
        }
      } catch (RuntimeException error) {
        failure = error.toString();
      }
    }

    /** In the member's own thread, between two polls. */
    <T> T call(Task<T> task) throws Exception {
      Callable<T> asked = () -> task.on(consumer);
      FutureTask<T> future = new FutureTask<>(asked);
      tasks.add(future);
      return future.get(20, java.util.concurrent.TimeUnit.SECONDS);
    }

    Object view() {
      synchronized (records) {
        return Map.of(
            "assigned", assigned,
            "rebalances", rebalances,
            "failure", failure,
            "records", new ArrayList<>(records));
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      assigned = List.of();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      rebalances++;
      assigned =
          consumer.assignment().stream()
              .map(TopicPartition::partition)
              .sorted()
              .collect(Collectors.toList());
    }
  }
}
