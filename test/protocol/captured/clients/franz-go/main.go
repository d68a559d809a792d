// What franz-go was asked to do while its frames were captured: go run . HOST:PORT
package main

import (
	"context"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	seed := kgo.SeedBrokers(os.Args[1])
	topic := "skeins"
	client, err := kgo.NewClient(seed, kgo.ClientID("go"))
	must(err)
	admin := kadm.NewClient(client)
	_, err = admin.CreateTopic(ctx, 1, 1, nil, topic)
	must(err)
	_, err = admin.CreatePartitions(ctx, 1, topic)
	must(err)
	at := func(offset int64) time.Time { return time.UnixMilli(1700000000000 + offset) }
	for _, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		producer, err := kgo.NewClient(seed, kgo.ClientID("go"), kgo.ProducerBatchCompression(codec), kgo.ProducerLinger(20*time.Millisecond), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		must(err)
		must(producer.ProduceSync(ctx,
			&kgo.Record{Topic: topic, Key: []byte("thread"), Value: []byte("red red red red red red red red"), Timestamp: at(0), Headers: []kgo.RecordHeader{{Key: "length", Value: []byte("12 m")}}},
			&kgo.Record{Topic: topic, Value: []byte("blue"), Timestamp: at(1)},
			&kgo.Record{Topic: topic, Key: []byte("gone"), Timestamp: at(2)},
		).FirstErr())
		producer.Close()
	}
	consumer, err := kgo.NewClient(seed, kgo.ClientID("go"), kgo.ConsumerGroup("spinners"), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.HeartbeatInterval(200*time.Millisecond), kgo.FetchMaxWait(100*time.Millisecond))
	must(err)
	for seen := 0; seen < 15; {
		fetches := consumer.PollFetches(ctx)
		must(fetches.Err())
		seen += fetches.NumRecords()
	}
	must(consumer.CommitUncommittedOffsets(ctx))
	time.Sleep(500 * time.Millisecond)
	_, _ = admin.DescribeGroups(ctx, "spinners")
	consumer.Close()
	_, _ = admin.FetchOffsets(ctx, "spinners")
	_, _ = admin.ListGroups(ctx)
	_, _ = admin.ListStartOffsets(ctx, topic)
	_, _ = admin.ListOffsetsAfterMilli(ctx, 1700000000001, topic)
	_, _ = admin.DescribeProducers(ctx, kadm.TopicsSet{topic: {0: {}}})
	_, _ = admin.DescribeAllLogDirs(ctx, nil)
	_, _ = admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: kadm.StringPtr("86400000")}}, topic)
	_, _ = admin.OffsetForLeaderEpoch(ctx, kadm.OffsetForLeaderEpochRequest{topic: {0: 0}})
	_, _ = admin.ElectLeaders(ctx, kadm.ElectPreferredReplica, kadm.TopicsSet{topic: {0: {}}})
	_, _ = admin.ListPartitionReassignments(ctx, kadm.TopicsSet{topic: {0: {}}})
	_, _ = admin.DeleteOffsets(ctx, "spinners", kadm.TopicsSet{topic: {0: {}}})
	_, _ = admin.DeleteRecords(ctx, kadm.Offsets{topic: {0: kadm.Offset{Topic: topic, Partition: 0, At: 2}}})
	_, _ = admin.DeleteGroups(ctx, "spinners")
	_, _ = admin.DeleteTopics(ctx, topic)
	client.Close()
}
