// The cluster and its groups by the Java admin client.

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;

final class Cluster {
  private final Admin admin;

  Cluster(String bootstrap) {
    admin = Admin.create(Records.properties(bootstrap, null));
  }

  void register(Map<String, Driver.Command> commands) {
    commands.put("describeCluster", this::describeCluster);
    commands.put("describeFeatures", this::describeFeatures);
    commands.put("describeQuorum", this::describeQuorum);
    commands.put("describeLogDirs", this::describeLogDirs);
    commands.put("electLeaders", this::electLeaders);
    commands.put("listReassignments", with -> admin.listPartitionReassignments().reassignments().get().size());
    commands.put("listGroups", this::listGroups);
    commands.put("describeGroup", this::describeGroup);
    commands.put("alterOffset", this::alterOffset);
    commands.put("listGroupOffsets", this::listGroupOffsets);
    commands.put("deleteOffset", this::deleteOffset);
    commands.put("deleteGroup", with -> admin.deleteConsumerGroups(List.of(group(with))).all().get());
    commands.put("removeMember", this::removeMember);
  }

  private Object describeCluster(JsonNode with) throws Exception {
    DescribeClusterResult cluster = admin.describeCluster();
    return Map.of(
        "clusterId", cluster.clusterId().get(),
        "controller", cluster.controller().get().id(),
        "nodes",
            cluster.nodes().get().stream()
                .map(node -> Map.of("id", node.id(), "host", node.host(), "port", node.port()))
                .collect(Collectors.toList()));
  }

  private Object describeFeatures(JsonNode with) throws Exception {
    FeatureMetadata features = admin.describeFeatures().featureMetadata().get();
    Map<String, Object> levels = new TreeMap<>();
    features.finalizedFeatures().forEach((name, range) -> levels.put(name, (int) range.maxVersionLevel()));
    return levels;
  }

  private Object describeQuorum(JsonNode with) throws Exception {
    QuorumInfo quorum = admin.describeMetadataQuorum().quorumInfo().get();
    return Map.of(
        "leader", quorum.leaderId(),
        "voters",
            quorum.voters().stream().map(QuorumInfo.ReplicaState::replicaId).collect(Collectors.toList()),
        "observers", quorum.observers().size());
  }

  /** The size of each partition of a topic. */
  private Object describeLogDirs(JsonNode with) throws Exception {
    int node = with.get("node").asInt();
    Map<String, Object> sizes = new TreeMap<>();
    for (LogDirDescription folder :
        admin.describeLogDirs(List.of(node)).allDescriptions().get().get(node).values()) {
      folder
          .replicaInfos()
          .forEach(
              (place, replica) -> {
                if (place.topic().equals(Topics.text(with, "topic"))) sizes.put(place.toString(), replica.size());
              });
    }
    return sizes;
  }

  /** The name of the exception for the partition, or "elected". */
  private Object electLeaders(JsonNode with) throws Exception {
    TopicPartition place = Topics.place(with);
    return admin
        .electLeaders(ElectionType.PREFERRED, Set.of(place))
        .partitions()
        .get()
        .get(place)
        .map(error -> error.getClass().getSimpleName())
        .orElse("elected");
  }

  private Object listGroups(JsonNode with) throws Exception {
    Map<String, Object> groups = new TreeMap<>();
    admin
        .listGroups()
        .all()
        .get()
        .forEach(
            group ->
                groups.put(
                    group.groupId(),
                    group.groupState().map(Object::toString).orElse("?")
                        + " "
                        + group.type().map(Object::toString).orElse("?")
                        + " "
                        + group.protocol()));
    return groups;
  }

  private Object describeGroup(JsonNode with) throws Exception {
    ConsumerGroupDescription group =
        admin.describeConsumerGroups(List.of(group(with))).all().get().get(group(with));
    List<Object> members = new ArrayList<>();
    for (MemberDescription member : group.members()) {
      members.add(
          Map.of(
              "clientId", member.clientId(),
              "instance", member.groupInstanceId().orElse(""),
              "partitions",
                  member.assignment().topicPartitions().stream()
                      .map(TopicPartition::toString)
                      .sorted()
                      .collect(Collectors.toList())));
    }
    return Map.of(
        "state", group.groupState().toString(),
        "type", group.type().toString(),
        "assignor", group.partitionAssignor(),
        "coordinator", group.coordinator().id(),
        "members", members);
  }

  private Object alterOffset(JsonNode with) throws Exception {
    OffsetAndMetadata offset =
        new OffsetAndMetadata(with.get("offset").asLong(), with.path("metadata").asText(""));
    return admin.alterConsumerGroupOffsets(group(with), Map.of(Topics.place(with), offset)).all().get();
  }

  private Object listGroupOffsets(JsonNode with) throws Exception {
    Map<String, Object> offsets = new HashMap<>();
    admin
        .listConsumerGroupOffsets(group(with))
        .partitionsToOffsetAndMetadata()
        .get()
        .forEach(
            (place, at) ->
                offsets.put(
                    place.toString(),
                    at == null ? null : Map.of("offset", at.offset(), "metadata", at.metadata())));
    return offsets;
  }

  private Object deleteOffset(JsonNode with) throws Exception {
    return admin.deleteConsumerGroupOffsets(group(with), Set.of(Topics.place(with))).all().get();
  }

  private Object removeMember(JsonNode with) throws Exception {
    MemberToRemove member = new MemberToRemove(Topics.text(with, "instance"));
    return admin
        .removeMembersFromConsumerGroup(
            group(with), new RemoveMembersFromConsumerGroupOptions(List.of(member)))
        .all()
        .get();
  }

  private static String group(JsonNode with) {
    return Topics.text(with, "group");
  }
}
