// Topics, their partitions, offsets and configs by the Java admin client.

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;

final class Topics {
  private final Admin admin;

  Topics(String bootstrap) {
    admin = Admin.create(Records.properties(bootstrap, null));
  }

  void register(Map<String, Driver.Command> commands) {
    commands.put("createTopic", this::create);
    commands.put("listTopics", with -> new TreeSet<>(admin.listTopics().names().get()));
    commands.put("describeTopic", this::describe);
    commands.put("describeTopicById", this::describeById);
    commands.put("deleteTopic", with -> admin.deleteTopics(List.of(text(with, "topic"))).all().get());
    commands.put("createPartitions", this::createPartitions);
    commands.put("describeConfigs", this::describeConfigs);
    commands.put("listOffsets", this::listOffsets);
    commands.put("deleteRecords", this::deleteRecords);
    commands.put("describeProducers", this::describeProducers);
  }

  /** Gives what the broker says that it has made. */
  private Object create(JsonNode with) throws Exception {
    String topic = text(with, "topic");
    Map<String, String> configs = new HashMap<>();
    if (with.has("configs")) {
      with.get("configs").fields().forEachRemaining(e -> configs.put(e.getKey(), e.getValue().asText()));
    }
    NewTopic wanted = new NewTopic(topic, Optional.of(with.get("partitions").asInt()), Optional.empty());
    CreateTopicsOptions options =
        new CreateTopicsOptions().validateOnly(with.path("validateOnly").asBoolean(false));
    CreateTopicsResult made = admin.createTopics(List.of(wanted.configs(configs)), options);
    made.all().get();
    Map<String, String> set = new TreeMap<>();
    for (ConfigEntry entry : made.config(topic).get().entries()) {
      if (entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG) set.put(entry.name(), entry.value());
    }
    return Map.of(
        "partitions", made.numPartitions(topic).get(),
        "replicationFactor", made.replicationFactor(topic).get(),
        "topicId", made.topicId(topic).get().toString(),
        "configs", set);
  }

  private Object describe(JsonNode with) throws Exception {
    String topic = text(with, "topic");
    return described(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic));
  }

  private Object describeById(JsonNode with) throws Exception {
    Uuid id = Uuid.fromString(text(with, "topicId"));
    return described(
        admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds().get().get(id));
  }

  private static Object described(TopicDescription topic) {
    List<Object> partitions = new ArrayList<>();
    for (TopicPartitionInfo partition : topic.partitions()) {
      Map<String, Object> row = new HashMap<>();
      row.put("partition", partition.partition());
      row.put("leader", partition.leader().id());
      row.put("replicas", ids(partition.replicas()));
      row.put("isr", ids(partition.isr()));
      row.put("elr", ids(partition.elr()));
      partitions.add(row);
    }
    return Map.of(
        "name", topic.name(),
        "topicId", topic.topicId().toString(),
        "internal", topic.isInternal(),
        "partitions", partitions);
  }

  /** Metadata tells less than DescribeTopicPartitions: the client leaves null what it was not told. */
  static List<Integer> ids(Collection<Node> nodes) {
    if (nodes == null) return null;
    return nodes.stream().map(Node::id).collect(Collectors.toList());
  }

  private Object createPartitions(JsonNode with) throws Exception {
    NewPartitions total = NewPartitions.increaseTo(with.get("total").asInt());
    return admin.createPartitions(Map.of(text(with, "topic"), total)).all().get();
  }

  /** Each config's value, where it comes from and its synonyms. */
  private Object describeConfigs(JsonNode with) throws Exception {
    ConfigResource.Type type = ConfigResource.Type.valueOf(text(with, "type"));
    ConfigResource resource = new ConfigResource(type, text(with, "name"));
    DescribeConfigsOptions options = new DescribeConfigsOptions().includeSynonyms(true);
    Config config = admin.describeConfigs(List.of(resource), options).all().get().get(resource);
    Map<String, Object> entries = new TreeMap<>();
    for (ConfigEntry entry : config.entries()) {
      Map<String, Object> row = new HashMap<>();
      row.put("value", entry.value());
      row.put("source", entry.source().toString());
      row.put("type", entry.type().toString());
      row.put(
          "synonyms",
          entry.synonyms().stream().map(s -> s.name() + "=" + s.value()).collect(Collectors.toList()));
      entries.put(entry.name(), row);
    }
    return entries;
  }

  private Object listOffsets(JsonNode with) throws Exception {
    TopicPartition place = place(with);
    ListOffsetsResultInfo found =
        admin.listOffsets(Map.of(place, spec(with.get("at")))).all().get().get(place);
    return Map.of("offset", found.offset(), "timestamp", found.timestamp());
  }

  private static OffsetSpec spec(JsonNode at) {
    if (at.isNumber()) return OffsetSpec.forTimestamp(at.asLong());
    switch (at.asText()) {
      case "earliest":
        return OffsetSpec.earliest();
      case "latest":
        return OffsetSpec.latest();
      case "maxTimestamp":
        return OffsetSpec.maxTimestamp();
      case "earliestLocal":
        return OffsetSpec.earliestLocal();
      case "latestTiered":
        return OffsetSpec.latestTiered();
      default:
        throw new IllegalArgumentException(at.asText());
    }
  }

  /** Gives the low watermark. */
  private Object deleteRecords(JsonNode with) throws Exception {
    TopicPartition place = place(with);
    RecordsToDelete before = RecordsToDelete.beforeOffset(with.get("before").asLong());
    return admin.deleteRecords(Map.of(place, before)).lowWatermarks().get(place).get().lowWatermark();
  }

  private Object describeProducers(JsonNode with) throws Exception {
    TopicPartition place = place(with);
    List<Object> producers = new ArrayList<>();
    for (ProducerState state :
        admin.describeProducers(List.of(place)).all().get().get(place).activeProducers()) {
      producers.add(
          Map.of(
              "producerId", state.producerId(),
              "producerEpoch", state.producerEpoch(),
              "lastSequence", state.lastSequence()));
    }
    return producers;
  }

  static TopicPartition place(JsonNode with) {
    return new TopicPartition(text(with, "topic"), with.get("partition").asInt());
  }

  static String text(JsonNode with, String field) {
    return with.get(field).asText();
  }
}
