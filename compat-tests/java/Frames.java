// What Kafka's own codecs read in a message's bytes, in Kafka's own JSON form: the independent opinion on captured frames.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;

final class Frames {
  void register(Map<String, Driver.Command> commands) {
    commands.put("decode", this::decode);
  }

  /** The value of a body, int64 as strings. Of records it tells the size alone, as a number. */
  private Object decode(JsonNode with) throws Exception {
    String name = "org.apache.kafka.common.message." + Topics.text(with, "name") + "Data";
    short version = (short) with.get("version").asInt();
    ByteBufferAccessor bytes = new ByteBufferAccessor(ByteBuffer.wrap(with.get("body").binaryValue()));
    ApiMessage message = (ApiMessage) Class.forName(name).getDeclaredConstructor().newInstance();
    message.read(bytes, version);
    if (bytes.remaining() > 0) throw new IllegalStateException(bytes.remaining() + " bytes are left");
    Object json =
        Class.forName(name + "JsonConverter")
            .getMethod("write", message.getClass(), short.class, boolean.class)
            .invoke(null, message, version, false);
    return longsAsText((JsonNode) json);
  }

  private static JsonNode longsAsText(JsonNode node) {
    if (node instanceof LongNode) return new TextNode(node.asText());
    if (node instanceof ArrayNode) {
      ArrayNode array = (ArrayNode) node;
      for (int i = 0; i < array.size(); i++) array.set(i, longsAsText(array.get(i)));
    }
    if (node instanceof ObjectNode) {
      ObjectNode object = (ObjectNode) node;
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      for (String field : names) object.set(field, longsAsText(object.get(field)));
      if (object.has("recordsSizeInBytes")) object.set("records", object.remove("recordsSizeInBytes"));
    }
    return node;
  }
}
