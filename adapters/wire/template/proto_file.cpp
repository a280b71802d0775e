// The user's .proto, or a set of descriptors, read.
#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "adapters/wire/template/proto.hpp"

namespace peakstorm::wire {
namespace {

namespace pb = google::protobuf;

constexpr std::size_t descriptor_set_bytes_max = 64U << 20U;

/// The first error is told; later ones mostly follow from it.
class FirstFault : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column, const std::string& message) override {
    if (!text.empty()) return;
    text = file;
    // Faults of a whole file have no line.
    if (line >= 0) text += ":" + std::to_string(line + 1) + ":" + std::to_string(std::max(column, 0) + 1);
    text += ": " + message;
  }
  std::string text;
};

}  // namespace

struct ProtoMessage::Source {
  FirstFault fault;
  pb::compiler::DiskSourceTree tree;
  pb::DescriptorPoolDatabase well_known{*pb::DescriptorPool::generated_pool()};
  pb::compiler::SourceTreeDescriptorDatabase files{&tree, &well_known};
  pb::SimpleDescriptorDatabase set;
  pb::MergedDescriptorDatabase both{&set, &well_known};
  std::unique_ptr<pb::DescriptorPool> pool;
};

ProtoMessage::ProtoMessage() : source_(std::make_unique<Source>()) {}
ProtoMessage::ProtoMessage(const pb::Descriptor& descriptor) : descriptor_(&descriptor) {}
ProtoMessage::ProtoMessage(ProtoMessage&&) noexcept = default;
ProtoMessage::~ProtoMessage() = default;

Result<ProtoMessage> ProtoMessage::read(const std::string& path, const std::string& root, std::string_view message) {
  namespace fs = std::filesystem;
  const auto bad = [](const std::string& what) { return fail(ErrorKind::bad_input, what); };
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return bad(path + ": there is no such file; name the .proto of the message");
  ProtoMessage result;
  Source& source = *result.source_;
  std::vector<std::string> files;
  if (path.ends_with(".proto")) {
    for (fs::path folder = fs::path(path).parent_path();; folder = folder.parent_path()) {
      source.tree.MapPath("", folder.empty() ? "." : folder.string());
      if (folder == fs::path(root) || !folder.has_relative_path()) break;
    }
    source.files.RecordErrorsTo(&source.fault);
    source.pool = std::make_unique<pb::DescriptorPool>(&source.files, source.files.GetValidationErrorCollector());
    files.push_back(fs::path(path).filename().string());
  } else {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    pb::FileDescriptorSet set;
    if (bytes.size() > descriptor_set_bytes_max || !set.ParseFromString(bytes) || set.file().empty()) {
      return bad(path +
                 ": neither a .proto nor a FileDescriptorSet; write one with protoc --include_imports -o FILE X.proto");
    }
    for (const auto& file : set.file()) {
      source.set.Add(file);
      files.push_back(file.name());
    }
    source.pool = std::make_unique<pb::DescriptorPool>(&source.both);
  }
  std::string known;
  for (const std::string& name : files) {
    const pb::FileDescriptor* const file = source.pool->FindFileByName(name);
    if (file == nullptr) {
      const std::string folder = fs::path(path).parent_path().string();
      std::string fault = source.fault.text.empty() ? name + ": is not sound" : source.fault.text;
      return bad((folder.empty() ? "" : folder + "/") + fault + "; correct the .proto");
    }
    for (int i = 0; i < file->message_type_count(); ++i) known += " " + file->message_type(i)->full_name();
  }
  result.descriptor_ = source.pool->FindMessageTypeByName(std::string(message));
  if (result.descriptor_ == nullptr) {
    return bad(path + ": has no message '" + std::string(message) + "'; it has" + (known.empty() ? " none" : known));
  }
  return result;
}

}  // namespace peakstorm::wire
