import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * kafka-clients, in calls that versions 0.9 to 3.9 have.
 *
 * <pre>
 *   produce BOOTSTRAP          standard input has `topic TAB codec TAB key TAB value`
 *   consume BOOTSTRAP GROUP COUNT TOPIC...
 *                              prints `topic TAB offset TAB key TAB value` of so many messages
 * </pre>
 */
public class JavaClient {
  private static final String PACKAGE = "org.apache.kafka.common.serialization.String";

  public static void main(String[] args) throws Exception {
    if (args[0].equals("produce")) produce(args[1]);
    else consume(args[1], args[2], Integer.parseInt(args[3]), Arrays.asList(args).subList(4, args.length));
  }

  private static void produce(String bootstrap) throws Exception {
    Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
    List<Future<?>> sent = new ArrayList<>();
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] fields = line.split("\t", -1);
      KafkaProducer<String, String> producer = producers.get(fields[1]);
      if (producer == null) {
        Properties properties = properties(bootstrap, "Serializer", "serializer");
        properties.put("compression.type", fields[1]);
        properties.put("linger.ms", "50");
        producer = new KafkaProducer<>(properties);
        producers.put(fields[1], producer);
      }
      sent.add(producer.send(new ProducerRecord<>(fields[0], fields[2], fields[3])));
    }
    for (Future<?> one : sent) one.get();
    for (KafkaProducer<String, String> producer : producers.values()) producer.close();
  }

  @SuppressWarnings("deprecation")
  private static void consume(String bootstrap, String group, int count, List<String> topics) {
    Properties properties = properties(bootstrap, "Deserializer", "deserializer");
    properties.put("group.id", group);
    properties.put("auto.offset.reset", "earliest");
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties);
    consumer.subscribe(topics);
    int left = count;
    while (left > 0) {
      for (ConsumerRecord<String, String> record : consumer.poll(200)) {
        if (left-- <= 0) continue;
        System.out.println(record.topic() + "\t" + record.offset() + "\t" + record.key() + "\t" + record.value());
      }
    }
    consumer.commitSync();
    consumer.close();
  }

  private static Properties properties(String bootstrap, String type, String setting) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("key." + setting, PACKAGE + type);
    properties.put("value." + setting, PACKAGE + type);
    return properties;
  }
}
