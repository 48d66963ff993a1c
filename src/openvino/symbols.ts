/** What Orion calls in OpenVINO's C library; every `ov_status_e` is 0 or an error. */
import { ptr } from "../libav/pointers.ts";

/** `ov_partial_shape_t`: the rank as a range, and the address of as many ranges. */
const PARTIAL_SHAPE = { struct: ["i64", "i64", "usize"] } as const;

export const OPENVINO = {
  ov_core_create: {
    parameters: [
      "buffer", // ov_core_t **core
    ],
    result: "i32",
  },
  ov_core_free: {
    parameters: [
      ptr("ov_core_t"), // ov_core_t *core
    ],
    result: "void",
  },
  ov_core_read_model_from_memory_buffer: {
    parameters: [
      ptr("ov_core_t"), // const ov_core_t *core
      "buffer", // const char *model_str
      "usize", // const size_t str_len
      ptr("ov_tensor_t"), // const ov_tensor_t *weights
      "buffer", // ov_model_t **model
    ],
    result: "i32",
  },
  ov_model_free: {
    parameters: [
      ptr("ov_model_t"), // ov_model_t *model
    ],
    result: "void",
  },
  ov_model_inputs_size: {
    parameters: [
      ptr("ov_model_t"), // const ov_model_t *model
      "buffer", // size_t *input_size
    ],
    result: "i32",
  },
  ov_model_const_input_by_index: {
    parameters: [
      ptr("ov_model_t"), // const ov_model_t *model
      "usize", // const size_t index
      "buffer", // ov_output_const_port_t **input_port
    ],
    result: "i32",
  },
  ov_output_const_port_free: {
    parameters: [
      ptr("ov_output_const_port_t"), // ov_output_const_port_t *port
    ],
    result: "void",
  },
  ov_port_get_any_name: {
    parameters: [
      ptr("ov_output_const_port_t"), // const ov_output_const_port_t *port
      "buffer", // char **tensor_name
    ],
    result: "i32",
  },
  ov_port_get_element_type: {
    parameters: [
      ptr("ov_output_const_port_t"), // const ov_output_const_port_t *port
      "buffer", // ov_element_type_e *tensor_type
    ],
    result: "i32",
  },
  ov_model_reshape_single_input: {
    parameters: [
      ptr("ov_model_t"), // const ov_model_t *model
      PARTIAL_SHAPE, // const ov_partial_shape_t partial_shape
    ],
    result: "i32",
  },
  // Variadic in C; Linux passes such arguments like declared ones.
  ov_core_compile_model: {
    parameters: [
      ptr("ov_core_t"), // const ov_core_t *core
      ptr("ov_model_t"), // const ov_model_t *model
      "buffer", // const char *device_name
      "usize", // const size_t property_args_size
      "buffer", // ov_compiled_model_t **compiled_model
      "buffer", // const char *name
      "buffer", // const char *value
      "buffer", // const char *name
      "buffer", // const char *value
    ],
    result: "i32",
  },
  ov_compiled_model_free: {
    parameters: [
      ptr("ov_compiled_model_t"), // ov_compiled_model_t *compiled_model
    ],
    result: "void",
  },
  ov_compiled_model_create_infer_request: {
    parameters: [
      ptr("ov_compiled_model_t"), // const ov_compiled_model_t *compiled_model
      "buffer", // ov_infer_request_t **infer_request
    ],
    result: "i32",
  },
  ov_infer_request_free: {
    parameters: [
      ptr("ov_infer_request_t"), // ov_infer_request_t *infer_request
    ],
    result: "void",
  },
  // `ov_shape_t` is two words, which are passed like two arguments.
  ov_tensor_create_from_host_ptr: {
    parameters: [
      "i32", // const ov_element_type_e type
      "i64", // const ov_shape_t shape: rank
      "buffer", // const ov_shape_t shape: dims
      "buffer", // void *host_ptr
      "buffer", // ov_tensor_t **tensor
    ],
    result: "i32",
  },
  ov_infer_request_set_tensor: {
    parameters: [
      ptr("ov_infer_request_t"), // ov_infer_request_t *infer_request
      "buffer", // const char *tensor_name
      ptr("ov_tensor_t"), // const ov_tensor_t *tensor
    ],
    result: "i32",
  },
  ov_infer_request_infer: {
    parameters: [
      ptr("ov_infer_request_t"), // ov_infer_request_t *infer_request
    ],
    result: "i32",
  },
  ov_infer_request_get_tensor: {
    parameters: [
      ptr("ov_infer_request_t"), // const ov_infer_request_t *infer_request
      "buffer", // const char *tensor_name
      "buffer", // ov_tensor_t **tensor
    ],
    result: "i32",
  },
  ov_tensor_get_element_type: {
    parameters: [
      ptr("ov_tensor_t"), // const ov_tensor_t *tensor
      "buffer", // ov_element_type_e *type
    ],
    result: "i32",
  },
  ov_tensor_get_shape: {
    parameters: [
      ptr("ov_tensor_t"), // const ov_tensor_t *tensor
      "buffer", // ov_shape_t *shape
    ],
    result: "i32",
  },
  ov_shape_free: {
    parameters: [
      "buffer", // ov_shape_t *shape
    ],
    result: "i32",
  },
  ov_tensor_get_byte_size: {
    parameters: [
      ptr("ov_tensor_t"), // const ov_tensor_t *tensor
      "buffer", // size_t *byte_size
    ],
    result: "i32",
  },
  ov_tensor_data: {
    parameters: [
      ptr("ov_tensor_t"), // const ov_tensor_t *tensor
      "buffer", // void **data
    ],
    result: "i32",
  },
  ov_tensor_free: {
    parameters: [
      ptr("ov_tensor_t"), // ov_tensor_t *tensor
    ],
    result: "void",
  },
  ov_get_last_err_msg: { parameters: [], result: ptr("char") },
  ov_free: {
    parameters: [
      ptr("char"), // const char *content
    ],
    result: "void",
  },
  // Of the C library, which is found in any library that is linked against it.
  read: {
    name: "memcpy",
    parameters: [
      "buffer", // void *dest
      "usize", // const void *src
      "usize", // size_t n
    ],
    result: "usize",
  },
  strnlen: {
    parameters: [
      ptr("char"), // const char *string
      "usize", // size_t maxlen
    ],
    result: "usize",
  },
} as const satisfies Deno.ForeignLibraryInterface;
